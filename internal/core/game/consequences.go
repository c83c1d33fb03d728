package game

import "tabiya/schemas"

// Consequences returns the commands to other aggregates that an event causes; s is
// any state of its game. They depend only on the event and on how the game was
// created, so a replay makes the same bytes again.
//
//   - GameStarted, if a queue made the game: SeatInGame for both players, and
//     ConfirmMatch for the queue.
//   - A terminal event: RecordResult for both players, if a queue made the game or
//     the game is rated. It says who missed the game by not making their first move or
//     by aborting; who waited for that move goes back into the queue. None if the match expired: then the queue itself releases
//     the players, who must not be free before it does.
//   - RematchAccepted: TakeSeat for both players. They are behind the RecordResult of
//     this game, so the seats are free and the ratings are those after it.
func Consequences(s *State, ev schemas.Event) []schemas.Command {
	switch p := ev.Payload.(type) {
	case *schemas.GameStartedPayload:
		if s.Queue == "" {
			return nil
		}
		return []schemas.Command{
			seatInGame(s, ev, schemas.White), seatInGame(s, ev, schemas.Black),
			command(ev, schemas.ConfirmMatch, s.Queue, &schemas.ConfirmMatchPayload{GameID: ev.Key}),
		}
	case *schemas.RematchAcceptedPayload:
		return seatRematch(s, ev, p.GameID)
	case *schemas.GameOver:
		rated := p.CountsForRatings()
		if (p.Queue == "" && !rated) || p.Termination == schemas.MatchExpired {
			return nil
		}
		return []schemas.Command{recordResult(s, ev, p, schemas.White), recordResult(s, ev, p, schemas.Black)}
	}
	return nil
}

func seatInGame(s *State, ev schemas.Event, color schemas.Color) schemas.Command {
	player := s.White
	if color == schemas.Black {
		player = s.Black
	}
	return command(ev, schemas.SeatInGame, player.PlayerID, &schemas.SeatInGamePayload{
		GameID: s.ID, TicketID: player.TicketID, Attempt: player.Attempt, Game: s.SeatedGame(color),
	})
}

// SeatedGame returns what the seat of a side keeps of the game.
func (s *State) SeatedGame(color schemas.Color) *schemas.SeatedGame {
	opponent := s.Black
	if color == schemas.Black {
		opponent = s.White
	}
	return &schemas.SeatedGame{
		Color: color, OpponentID: opponent.PlayerID, OpponentHandle: opponent.Handle, OpponentRating: opponent.Rating,
		TimeControl: s.TimeControl, Rated: s.Rated,
	}
}

func recordResult(s *State, ev schemas.Event, p *schemas.GameOver, color schemas.Color) schemas.Command {
	own, opponent := p.White, p.Black
	score, other := scores(p.Result)
	if color == schemas.Black {
		own, opponent, score = opponent, own, other
	}
	missing := missedBy(s, p)
	return command(ev, schemas.RecordResult, own.PlayerID, &schemas.RecordResultPayload{
		GameID: ev.Key, Speed: p.Speed, Rated: p.CountsForRatings(), Score: score, Opponent: opponent,
		Missed: missing == color,
		Again:  missing == color.Other() && p.Termination == schemas.FirstMoveExpired && p.Queue != "" && !schemas.IsNamedQueue(p.Queue),
	})
}

// missedBy returns who did not make their first move, or aborted the game; "" if nobody.
func missedBy(s *State, p *schemas.GameOver) schemas.Color {
	if p.Termination == schemas.FirstMoveExpired {
		return s.mover(p.Plies)
	}
	return p.AbortedBy
}

// command derives the command's ID from the event and the receiver.
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
