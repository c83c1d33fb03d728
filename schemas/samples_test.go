package schemas_test

import "tabiya/schemas"

const (
	gameID        = "0190b3a1-0000-7000-8000-000000000001"
	whiteID       = "0190b3a1-0000-7000-8000-00000000000a"
	blackID       = "0190b3a1-0000-7000-8000-00000000000b"
	ticketA       = "0190b3a1-0000-7000-8000-0000000000ca"
	ticketB       = "0190b3a1-0000-7000-8000-0000000000cb"
	commandID     = "7d3a4f63-3b0c-5a53-9f0e-0f8f2f0f6a11"
	queueKey      = "eu/5+3/0"
	instanceID    = "0190b3a1-0000-7000-8000-0000000000ee"
	pulseKey      = "pulse-17"
	endgameFEN    = "8/8/4k3/8/8/4K2R/8/8 b - - 100 90"
	earlierGameID = "0190b3a1-0000-7000-8000-000000000002"
	startFEN      = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"
	at            = schemas.Time(1_795_449_270_123)
)

var (
	blitz = schemas.TimeControl{InitialCs: 30000, IncrementCs: 300}
	white = schemas.Seated{PlayerID: whiteID, Handle: "anna", Rating: 1512.25, Deviation: 80.5, TicketID: ticketA, Attempt: 1}
	black = schemas.Seated{PlayerID: blackID, Handle: "Łukasz", Rating: 1490, Deviation: 120, TicketID: ticketB, Attempt: 2}

	origin = schemas.Origin{Partitions: 8, Partition: 3, Offset: 4711}

	// namedGame is the rematch of gameID, whose White has Black in it.
	namedGame = schemas.NamedGame{
		GameID: "0190b3a1-0000-7000-8000-000000000003", WhiteID: blackID, BlackID: whiteID, TimeControl: blitz, Rated: true,
		FEN: endgameFEN, Private: true, RematchOf: gameID, Deadline: at + 30_000,
	}
)

// commands returns one command of every type.
func commands() []schemas.Command {
	command := func(t schemas.CommandType, key, actor string, payload any) schemas.Command {
		return schemas.Command{ID: commandID, Type: t, Key: key, Region: "eu", Actor: actor, Payload: payload}
	}
	const system, service = schemas.ActorSystem, schemas.ActorService
	return []schemas.Command{
		command(schemas.RegisterPlayer, whiteID, service, &schemas.RegisterPlayerPayload{Handle: "anna", Country: "PL"}),
		command(schemas.UpdatePlayer, whiteID, service, &schemas.UpdatePlayerPayload{Handle: "anna", Country: "PL", Revision: 2}),
		command(schemas.ClosePlayer, whiteID, service, nil),
		command(schemas.EndSessions, whiteID, service, &schemas.EndSessionsPayload{NotBefore: 1764244800123}),
		command(schemas.JoinQueue, whiteID, whiteID, &schemas.JoinQueuePayload{Queue: queueKey}),
		command(schemas.LeaveQueue, whiteID, whiteID, nil),
		command(schemas.ReleaseSeat, whiteID, system, &schemas.ReleaseSeatPayload{TicketID: ticketA}),
		command(schemas.RequeueSeat, whiteID, system, &schemas.RequeueSeatPayload{TicketID: ticketA, Attempt: 2, GameID: gameID}),
		command(schemas.SeatInGame, whiteID, system, &schemas.SeatInGamePayload{GameID: gameID, TicketID: ticketA, Attempt: 1}),
		command(schemas.TakeSeat, whiteID, system, &schemas.TakeSeatPayload{Color: schemas.Black, Game: namedGame}),
		command(schemas.RecordResult, whiteID, system, &schemas.RecordResultPayload{GameID: gameID, Speed: schemas.Blitz, Rated: true, Score: 0.5, Opponent: black}),

		command(schemas.EnterQueue, queueKey, system, &schemas.EnterQueuePayload{TicketID: ticketA, PlayerID: whiteID, Handle: "anna", Rating: 1512.25, Deviation: 80.5, Attempt: 2, Origin: origin}),
		command(schemas.RemoveTicket, queueKey, system, &schemas.RemoveTicketPayload{TicketID: ticketA, PlayerID: whiteID, Origin: origin}),
		command(schemas.PairWave, queueKey, system, nil),
		command(schemas.HoldTicket, queueKey, system, &schemas.HoldTicketPayload{TicketID: ticketA, Holder: instanceID}),
		command(schemas.LapseTicket, queueKey, system, &schemas.HoldTicketPayload{TicketID: ticketA, Holder: instanceID}),
		command(schemas.EndLeases, queueKey, system, &schemas.EndLeasesPayload{Holders: []string{instanceID}}),
		command(schemas.DropLapsed, queueKey, system, nil),
		command(schemas.ConfirmMatch, queueKey, system, &schemas.ConfirmMatchPayload{GameID: gameID}),
		command(schemas.ExpireMatch, queueKey, system, &schemas.ExpireMatchPayload{GameID: gameID}),

		command(schemas.CreateGame, gameID, system, &schemas.CreateGamePayload{White: white, Black: black, TimeControl: blitz, Rated: true, Queue: queueKey}),
		command(schemas.PlayMove, gameID, whiteID, &schemas.PlayMovePayload{UCI: "e2e4", Ply: 1}),
		command(schemas.Resign, gameID, whiteID, nil),
		command(schemas.OfferDraw, gameID, whiteID, nil),
		command(schemas.AcceptDraw, gameID, blackID, nil),
		command(schemas.DeclineDraw, gameID, blackID, nil),
		command(schemas.ClaimDraw, gameID, whiteID, nil),
		command(schemas.AbortGame, gameID, whiteID, nil),
		command(schemas.CheckFlag, gameID, system, &schemas.CheckFlagPayload{Ply: 7}),
		command(schemas.EvictGame, gameID, system, nil),

		command(schemas.OfferTakeback, gameID, whiteID, nil),
		command(schemas.AcceptTakeback, gameID, blackID, nil),
		command(schemas.DeclineTakeback, gameID, blackID, nil),
		command(schemas.AddTime, gameID, whiteID, nil),
		command(schemas.MarkGone, gameID, system, &schemas.MarkGonePayload{Color: schemas.Black, Left: true}),
		command(schemas.MarkPresent, gameID, system, &schemas.MarkPresentPayload{Color: schemas.Black}),
		command(schemas.ClaimVanished, gameID, whiteID, &schemas.ClaimVanishedPayload{As: schemas.ClaimWin, GoneSince: at - 40_000}),
		command(schemas.OfferRematch, gameID, whiteID, nil),
		command(schemas.AcceptRematch, gameID, blackID, nil),
		command(schemas.DeclineRematch, gameID, blackID, nil),
		command(schemas.FailRematch, gameID, system, &schemas.FailRematchPayload{GameID: namedGame.GameID, Reason: schemas.SeatTaken, PlayerID: blackID}),
		command(schemas.Pulse, pulseKey, system, nil),
		command(schemas.RepairRow, gameID, schemas.ActorOperator, nil),
		command(schemas.RepairPlayer, whiteID, schemas.ActorOperator, nil),
		command(schemas.RepairQueue, queueKey, schemas.ActorOperator, nil),
	}
}

// events returns one event of every type.
func events() []schemas.Event {
	event := func(t schemas.EventType, key string, seq int64, payload any) schemas.Event {
		return schemas.Event{ID: schemas.EventID(key, seq), Type: t, Key: key, Seq: seq, OccurredAt: at, Region: "eu", CommandID: commandID, Payload: payload}
	}
	over := func(result schemas.Result, termination schemas.Termination, moves []string, clocks []int64, fen string) *schemas.GameOver {
		return &schemas.GameOver{
			White: white, Black: black, TimeControl: blitz, Speed: schemas.Blitz, Rated: true, Queue: queueKey, StartFEN: startFEN,
			CreatedAt: at - 60_000, EndedAt: at, Result: result, Termination: termination, Plies: len(moves), Moves: moves, ClocksCs: clocks, FEN: fen,
		}
	}
	foolsMate := []string{"f2f3", "e7e5", "g2g4", "d8h4"}
	clocks := []int64{30000, 30000, 29900, 30150}
	const mated = "rnb1kbnr/pppp1ppp/8/4p3/6Pq/5P2/PPPPP2P/RNBQKBNR w KQkq - 1 3"
	const early = "rnbqkbnr/pppp1ppp/8/4p3/8/5P2/PPPPP1PP/RNBQKBNR w KQkq - 0 2"
	return []schemas.Event{
		event(schemas.PlayerRegistered, whiteID, 1, &schemas.PlayerFacts{Handle: "anna", Country: "PL"}),
		event(schemas.PlayerUpdated, whiteID, 2, &schemas.PlayerFacts{Handle: "anna"}),
		event(schemas.PlayerRated, whiteID, 3, &schemas.PlayerRatedPayload{GameID: gameID, Speed: schemas.Blitz, Rating: 1520.5, Deviation: 79.25, Volatility: 0.06, Change: 8.25, Games: 12}),
		event(schemas.PlayerClosed, whiteID, 4, &schemas.PlayerClosedPayload{}),
		event(schemas.SessionsEnded, whiteID, 5, &schemas.SessionsEndedPayload{NotBefore: 1764244800123}),

		event(schemas.PlayerQueued, queueKey, 1, &schemas.PlayerQueuedPayload{TicketID: ticketA, PlayerID: whiteID, Rating: 1512.25, Waiting: 1}),
		event(schemas.PlayerLeftQueue, queueKey, 2, &schemas.PlayerLeftQueuePayload{TicketID: ticketA, PlayerID: whiteID}),
		event(schemas.MatchFound, queueKey, 3, &schemas.MatchFoundPayload{GameID: gameID, White: white, Black: black, Deadline: at + 10_000}),
		event(schemas.MatchConfirmed, queueKey, 4, &schemas.MatchConfirmedPayload{GameID: gameID, White: white, Black: black}),
		event(schemas.MatchFailed, queueKey, 5, &schemas.MatchFailedPayload{GameID: gameID, White: white, Black: black}),

		event(schemas.GameCreated, gameID, 1, &schemas.GameCreatedPayload{White: white, Black: black, TimeControl: blitz, Speed: schemas.Blitz, Rated: true, Queue: queueKey, FEN: startFEN}),
		event(schemas.GameStarted, gameID, 2, &schemas.GameStartedPayload{FirstMoveBy: at + 25_000}),
		event(schemas.MoveMade, gameID, 3, &schemas.MoveMadePayload{
			Ply: 3, Color: schemas.White, UCI: "g2g4", SAN: "g4", FEN: "rnbqkbnr/pppp1ppp/8/4p3/6P1/5P2/PPPPP2P/RNBQKBNR b KQkq - 0 2",
			Clock: schemas.Clock{WhiteCs: 29900, BlackCs: 30000, ElapsedCs: 400, ChargedCs: 400}, DeadlineAt: at + 300_000,
		}),
		event(schemas.DrawOffered, gameID, 4, &schemas.DrawOfferedPayload{Ply: 3, Color: schemas.White}),
		event(schemas.DrawDeclined, gameID, 5, &schemas.DrawDeclinedPayload{Ply: 3, Color: schemas.Black}),
		event(schemas.GameEnded, gameID, 7, over(schemas.BlackWins, schemas.Checkmate, foolsMate, clocks, mated)),
		event(schemas.GameResigned, gameID, 5, over(schemas.BlackWins, schemas.Resignation, foolsMate[:2], clocks[:2], early)),
		event(schemas.GameTimeout, gameID, 5, over(schemas.BlackWins, schemas.TimeForfeit, foolsMate[:2], clocks[:2], early)),
		event(schemas.GameAborted, gameID, 3, over(schemas.NoResult, schemas.FirstMoveExpired, []string{}, []int64{}, startFEN)),

		event(schemas.TakebackOffered, gameID, 5, &schemas.TakebackOfferedPayload{Ply: 3, Color: schemas.White}),
		event(schemas.TakebackDeclined, gameID, 6, &schemas.TakebackDeclinedPayload{Ply: 3, Color: schemas.Black}),
		event(schemas.TakebackAccepted, gameID, 6, &schemas.TakebackAcceptedPayload{
			Ply: 2, Color: schemas.Black, FEN: early, Clock: schemas.Clocks{WhiteCs: 30000, BlackCs: 30000}, DeadlineAt: at + 300_000,
		}),
		event(schemas.TimeAdded, gameID, 5, &schemas.TimeAddedPayload{
			Color: schemas.Black, AddedCs: 1500, Clock: schemas.Clocks{WhiteCs: 29900, BlackCs: 31500}, DeadlineAt: at + 315_000,
		}),
		event(schemas.TimeRestored, gameID, 5, &schemas.TimeRestoredPayload{Color: schemas.Black, RestoredCs: 2100, DeadlineAt: at + 321_000}),
		event(schemas.PlayerLeft, gameID, 5, &schemas.PlayerLeftPayload{Color: schemas.Black, Explicit: true}),
		event(schemas.PlayerReturned, gameID, 6, &schemas.PlayerReturnedPayload{Color: schemas.Black}),
		event(schemas.RematchOffered, gameID, 8, &schemas.RematchOfferedPayload{Color: schemas.White}),
		event(schemas.RematchDeclined, gameID, 9, &schemas.RematchDeclinedPayload{Color: schemas.Black}),
		event(schemas.RematchAccepted, gameID, 9, &schemas.RematchAcceptedPayload{Color: schemas.Black, GameID: schemas.DerivedID(gameID, "rematch", 9)}),
		event(schemas.RematchFailed, gameID, 10, &schemas.RematchFailedPayload{GameID: namedGame.GameID, Reason: schemas.SeatTaken, Color: schemas.Black}),
	}
}

// commandVariants returns samples of types that got new fields after their golden
// file was written, by the name of the additional golden file.
func commandVariants() map[string]schemas.Command {
	c := schemas.Command{ID: commandID, Key: gameID, Region: "eu", Actor: whiteID}
	variant := func(t schemas.CommandType, payload any) schemas.Command {
		c.Type, c.Payload = t, payload
		return c
	}
	seat := variant(schemas.SeatInGame, &schemas.SeatInGamePayload{GameID: gameID, TicketID: ticketA, Attempt: 1, Game: &schemas.SeatedGame{
		Color: schemas.White, OpponentID: blackID, OpponentHandle: "ben", OpponentRating: 1498.75, TimeControl: blitz, Rated: true,
	}})
	seat.Key, seat.Actor = whiteID, schemas.ActorSystem
	namedKey := schemas.NamedQueueKey("eu", namedGame.GameID)
	to := func(key string, t schemas.CommandType, payload any) schemas.Command {
		return schemas.Command{ID: commandID, Type: t, Key: key, Region: "eu", Actor: schemas.ActorSystem, Payload: payload}
	}
	ticket := namedGame.TicketID(schemas.Black)
	return map[string]schemas.Command{
		"ReleaseSeat-game":    to(whiteID, schemas.ReleaseSeat, &schemas.ReleaseSeatPayload{TicketID: ticketA, GameID: namedGame.GameID}),
		"JoinQueue-holder":    to(whiteID, schemas.JoinQueue, &schemas.JoinQueuePayload{Queue: queueKey, Holder: instanceID}),
		"RecordResult-missed": to(whiteID, schemas.RecordResult, &schemas.RecordResultPayload{GameID: gameID, Speed: schemas.Blitz, Opponent: black, Missed: true}),
		"RecordResult-again":  to(whiteID, schemas.RecordResult, &schemas.RecordResultPayload{GameID: gameID, Speed: schemas.Blitz, Opponent: black, Again: true}),
		"EnterQueue-again": to(queueKey, schemas.EnterQueue, &schemas.EnterQueuePayload{
			TicketID: ticketA, PlayerID: whiteID, Handle: "anna", Rating: 1512.25, Deviation: 80.5, Origin: origin, Holder: instanceID, Since: at - 60_000,
		}),
		"EnterQueue-named": to(namedKey, schemas.EnterQueue, &schemas.EnterQueuePayload{
			TicketID: ticket, PlayerID: whiteID, Handle: "anna", Rating: 1512.25, Deviation: 80.5, Origin: origin, Named: &namedGame,
		}),
		"RemoveTicket-named": to(namedKey, schemas.RemoveTicket, &schemas.RemoveTicketPayload{
			TicketID: ticket, PlayerID: whiteID, Origin: origin, Reason: schemas.SeatTaken, Named: &namedGame,
		}),
		"SeatInGame-game": seat,
		"CreateGame-rematch": variant(schemas.CreateGame, &schemas.CreateGamePayload{
			White: black, Black: white, TimeControl: blitz, FEN: endgameFEN, Private: true, RematchOf: earlierGameID,
		}),
		"PlayMove-lag": variant(schemas.PlayMove, &schemas.PlayMovePayload{UCI: "e2e4", Ply: 1, LagCs: 12}),
	}
}

// eventVariants is commandVariants for events.
func eventVariants() map[string]schemas.Event {
	variant := func(t schemas.EventType, seq int64, payload any) schemas.Event {
		return schemas.Event{ID: schemas.EventID(gameID, seq), Type: t, Key: gameID, Seq: seq, OccurredAt: at, Region: "eu", CommandID: commandID, Payload: payload}
	}
	rated := variant(schemas.PlayerRated, 3, &schemas.PlayerRatedPayload{
		GameID: gameID, Speed: schemas.Blitz, Rating: 1520.5, Deviation: 79.25, Volatility: 0.06, Change: 8.25, Games: 12,
		Basis: &schemas.RatingBasis{
			Parameters: 2, Rating: 1512.25, Deviation: 80.5, Volatility: 0.06, SinceLastMs: 3_600_000,
			OpponentID: blackID, OpponentRating: 1498.75, OpponentDeviation: 91.5, Score: 1,
		},
	})
	rated.ID, rated.Key = schemas.EventID(whiteID, 3), whiteID
	named := variant(schemas.MatchFound, 3, &schemas.MatchFoundPayload{GameID: namedGame.GameID, White: black, Black: white, Deadline: at + 10_000, Named: &namedGame})
	named.Key = schemas.NamedQueueKey("eu", namedGame.GameID)
	named.ID = schemas.EventID(named.Key, 3)
	return map[string]schemas.Event{
		"MatchFound-named":  named,
		"PlayerRated-basis": rated,
		"GameCreated-rematch": variant(schemas.GameCreated, 1, &schemas.GameCreatedPayload{
			White: black, Black: white, TimeControl: blitz, Speed: schemas.Blitz, FEN: endgameFEN, Private: true, RematchOf: earlierGameID,
		}),
		"GameAborted-by": variant(schemas.GameAborted, 3, &schemas.GameOver{
			White: white, Black: black, TimeControl: blitz, Speed: schemas.Blitz, Rated: true, StartFEN: startFEN, CreatedAt: at - 60_000, EndedAt: at,
			Result: schemas.NoResult, Termination: schemas.AbortedByPlayer, AbortedBy: schemas.Black, Moves: []string{}, ClocksCs: []int64{}, FEN: startFEN,
		}),
		"GameEnded-private": variant(schemas.GameEnded, 3, &schemas.GameOver{
			White: black, Black: white, TimeControl: blitz, Speed: schemas.Blitz, Private: true, StartFEN: endgameFEN, CreatedAt: at - 60_000, EndedAt: at,
			Result: schemas.Draw, Termination: schemas.FiftyMoves, Moves: []string{}, ClocksCs: []int64{}, FEN: endgameFEN,
		}),
		"MoveMade-compensated": variant(schemas.MoveMade, 5, &schemas.MoveMadePayload{
			Ply: 3, Color: schemas.White, UCI: "g2g4", SAN: "g4", FEN: "rnbqkbnr/pppp1ppp/8/4p3/6P1/5P2/PPPPP2P/RNBQKBNR b KQkq - 0 2",
			Clock: schemas.Clock{WhiteCs: 29912, BlackCs: 30000, ElapsedCs: 400, ChargedCs: 388, CompensatedCs: 12}, DeadlineAt: at + 300_000,
		}),
		"MoveMade-restored": variant(schemas.MoveMade, 6, &schemas.MoveMadePayload{
			Ply: 3, Color: schemas.White, UCI: "g2g4", SAN: "g4", FEN: "rnbqkbnr/pppp1ppp/8/4p3/6P1/5P2/PPPPP2P/RNBQKBNR b KQkq - 0 2",
			Clock: schemas.Clock{WhiteCs: 29912, BlackCs: 30000, ElapsedCs: 2500, ChargedCs: 388, CompensatedCs: 12, RestoredCs: 2100}, DeadlineAt: at + 300_000,
		}),
		"TimeRestored-waiting": variant(schemas.TimeRestored, 6, &schemas.TimeRestoredPayload{
			Color: schemas.White, RestoredCs: 72_000, DeadlineAt: at + 300_000, Waiting: true,
		}),
		"GameTimeout-restored": variant(schemas.GameTimeout, 9, &schemas.GameOver{
			White: black, Black: white, TimeControl: blitz, Speed: schemas.Blitz, StartFEN: endgameFEN, CreatedAt: at - 60_000, EndedAt: at,
			Result: schemas.WhiteWins, Termination: schemas.TimeForfeit, Moves: []string{}, ClocksCs: []int64{}, FEN: endgameFEN,
			RestoredCs: &schemas.Clocks{WhiteCs: 2100, BlackCs: 0},
		}),
	}
}

// replies returns one reply of every type.
func replies() []schemas.Reply {
	reply := schemas.Reply{CommandID: commandID, CommandType: schemas.PlayMove, Key: gameID, Region: "eu", Actor: whiteID, OccurredAt: at}
	rejected, repeated := reply, reply
	rejected.Type, rejected.Code, rejected.Detail = schemas.CommandRejected, schemas.CodeNotYourTurn, "it is black's turn"
	repeated.Type, repeated.Seq = schemas.CommandRepeated, 3
	handled := schemas.Reply{
		Type: schemas.PulseHandled, CommandID: commandID, CommandType: schemas.Pulse, Key: pulseKey, Actor: schemas.ActorSystem, OccurredAt: at,
		Outage: &schemas.Outage{From: at - 60_000, To: at - 40_000, RunsAt: at - 30_000},
	}
	return []schemas.Reply{rejected, repeated, handled}
}

// replyVariants is commandVariants for replies.
func replyVariants() map[string]schemas.Reply {
	return map[string]schemas.Reply{
		"PulseHandled-none": {Type: schemas.PulseHandled, CommandID: commandID, CommandType: schemas.Pulse, Key: pulseKey, Actor: schemas.ActorSystem, OccurredAt: at},
		"CommandRejected-quarantined": {
			Type: schemas.CommandRejected, CommandID: commandID, CommandType: schemas.JoinQueue, Key: whiteID, Region: "eu", Actor: whiteID,
			OccurredAt: at, Code: schemas.CodeQuarantined, Detail: "The stored state cannot be read. An operator has to repair it.",
		},
	}
}
