package game

import "tabiya/schemas"

// ratedFrom is the ply from which a game counts for the rating.
const ratedFrom = 2

// Consequences are the commands to other aggregates that an event causes; s is
// any state of its game. They are a function of the event and of how its game
// began, so that a replay makes the same bytes again.
//
//   - A queue's game has started: both seats move to it, the match is confirmed.
//   - A game is over: both players get its result, if a queue seated them or
//     the game is rated. Not if its queue gave up the match: the seats are told
//     by the queue then, and must not be free in between.
//   - A rematch is accepted: its game is made. It takes no seats.
func Consequences(s *State, ev schemas.Event) []schemas.Command {
	switch p := ev.Payload.(type) {
	case *schemas.GameStartedPayload:
		if s.Queue == "" {
			return nil
		}
		return []schemas.Command{
			seat(s, ev, s.White), seat(s, ev, s.Black),
			command(ev, schemas.ConfirmMatch, s.Queue, &schemas.ConfirmMatchPayload{GameID: ev.Key}),
		}
	case *schemas.RematchAcceptedPayload:
		return []schemas.Command{createRematch(s, ev, p.GameID)}
	case *schemas.GameOver:
		rated := p.Rated && p.Plies >= ratedFrom && p.Result != schemas.NoResult
		if (p.Queue == "" && !rated) || p.Termination == schemas.MatchExpired {
			return nil
		}
		white, black := scores(p.Result)
		return []schemas.Command{result(ev, p, rated, p.White, p.Black, white), result(ev, p, rated, p.Black, p.White, black)}
	}
	return nil
}

func seat(s *State, ev schemas.Event, player schemas.Seated) schemas.Command {
	return command(ev, schemas.SeatInGame, player.PlayerID,
		&schemas.SeatInGamePayload{GameID: s.ID, TicketID: player.TicketID, Attempt: player.Attempt})
}

func result(ev schemas.Event, p *schemas.GameOver, rated bool, player, opponent schemas.Seated, score float64) schemas.Command {
	return command(ev, schemas.RecordResult, player.PlayerID,
		&schemas.RecordResultPayload{GameID: ev.Key, Speed: p.Speed, Rated: rated, Score: score, Opponent: opponent})
}

// command makes a command whose id follows from the event and the receiver.
func command(ev schemas.Event, t schemas.CommandType, key string, payload any) schemas.Command {
	return schemas.Command{
		ID: schemas.DerivedID(ev.Key, string(t)+"/"+key, ev.Seq), Type: t, Key: key,
		Region: ev.Region, Actor: schemas.ActorSystem, Payload: payload,
	}
}

func scores(r schemas.Result) (white, black float64) {
	switch r {
	case schemas.WhiteWins:
		return 1, 0
	case schemas.BlackWins:
		return 0, 1
	case schemas.Draw:
		return 0.5, 0.5
	}
	return 0, 0
}
