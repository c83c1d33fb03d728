// Package sinktest has what the tests and benchmarks of sinks share: generated games,
// the same for the same seed, a Kafka with a clock that the test sets, and archived
// files.
package sinktest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"tabiya/schemas"
)

// Start is the broker time at which a Log starts: 2026-03-29T11:58:20Z, near the edge
// of an hour.
const Start schemas.Time = 1_774_785_500_000

// shuttle is a sequence of legal moves that returns to the start position.
var shuttle = []struct{ uci, san, fen string }{
	{"g1f3", "Nf3", "rnbqkbnr/pppppppp/8/8/8/5N2/PPPPPPPP/RNBQKB1R b KQkq - 1 1"},
	{"g8f6", "Nf6", "rnbqkb1r/pppppppp/5n2/8/8/5N2/PPPPPPPP/RNBQKB1R w KQkq - 2 2"},
	{"f3g1", "Ng1", "rnbqkb1r/pppppppp/5n2/8/8/8/PPPPPPPP/RNBQKBNR b KQkq - 3 2"},
	{"f6g8", "Ng8", "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 4 3"},
}

// Regions are the regions of games.
var Regions = []string{"eu", "na", "ap-south"}

// Game returns all events of one game, in order.
func Game(seed uint64, plies int, at schemas.Time) []schemas.Event {
	r := rand.New(rand.NewPCG(seed, 0x7ab17a))
	id := ID(r)
	white := schemas.Seated{PlayerID: ID(r), Handle: fmt.Sprintf("player%d", r.IntN(100_000)), Rating: float64(800 + r.IntN(2000)), Deviation: 45.5}
	black := schemas.Seated{PlayerID: ID(r), Handle: fmt.Sprintf("player%d", r.IntN(100_000)), Rating: 1500.25 + float64(r.IntN(500)), Deviation: 110}
	region := Regions[r.IntN(len(Regions))]
	tc := schemas.TimeControl{InitialCs: 18_000, IncrementCs: 200}
	var events []schemas.Event
	add := func(t schemas.EventType, payload any) {
		seq := int64(len(events) + 1)
		events = append(events, schemas.Event{
			ID: schemas.EventID(id, seq), Type: t, Key: id, Seq: seq, OccurredAt: at, Region: region, CommandID: ID(r), Payload: payload,
		})
	}
	add(schemas.GameCreated, &schemas.GameCreatedPayload{White: white, Black: black, TimeControl: tc, Speed: tc.Speed(), Rated: true, FEN: shuttle[3].fen})
	created := at
	add(schemas.GameStarted, &schemas.GameStartedPayload{FirstMoveBy: at + 20_000})
	over := &schemas.GameOver{
		White: white, Black: black, TimeControl: tc, Speed: tc.Speed(), Rated: true, StartFEN: shuttle[3].fen, FEN: shuttle[3].fen,
		CreatedAt: created, Result: schemas.WhiteWins, Termination: schemas.Resignation, Moves: []string{}, ClocksCs: []int64{},
	}
	if seed%2 == 0 {
		over.Queue = schemas.QueueKey(region, "3+2", 0)
		over.White.TicketID, over.White.Attempt = ID(r), 1
	}
	clocks := [2]int64{tc.InitialCs, tc.InitialCs}
	for ply := 1; ply <= plies; ply++ {
		spent := int64(50 + r.IntN(900))
		at += schemas.Time(spent * 10)
		side := (ply - 1) % 2
		clocks[side] += tc.IncrementCs - spent/8
		m, color := shuttle[(ply-1)%4], schemas.White
		if side == 1 {
			color = schemas.Black
		}
		add(schemas.MoveMade, &schemas.MoveMadePayload{
			Ply: ply, Color: color, UCI: m.uci, SAN: m.san, FEN: m.fen, DeadlineAt: at + schemas.Time(clocks[1-side]*10),
			Clock: schemas.Clock{WhiteCs: clocks[0], BlackCs: clocks[1], ElapsedCs: spent, ChargedCs: spent / 8, RestoredCs: spent % 3},
		})
		over.Moves, over.ClocksCs, over.FEN = append(over.Moves, m.uci), append(over.ClocksCs, clocks[side]), m.fen
	}
	over.Plies, over.EndedAt = plies, at
	if seed%5 == 0 {
		over.RestoredCs = &schemas.Clocks{WhiteCs: int64(seed % 7000), BlackCs: 1000}
	}
	ending := schemas.GameResigned
	switch {
	case plies < 2:
		over.Result, over.Termination, ending = schemas.NoResult, schemas.AbortedByPlayer, schemas.GameAborted
	case seed%3 == 1:
		over.Result, over.Termination, ending = schemas.Draw, schemas.Agreement, schemas.GameEnded
	case seed%3 == 2:
		over.Result, over.Termination, ending = schemas.BlackWins, schemas.TimeForfeit, schemas.GameTimeout
	}
	add(ending, over)
	return events
}

// ID returns a UUID from the given source of randomness.
func ID(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-7%03x-9%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

// Events returns the events of n games of 2 to 119 plies that are played at the same
// time, in an order that a log could have.
func Events(seed uint64, n int) []schemas.Event {
	games := make([][]schemas.Event, n)
	total := 0
	for i := range games {
		s := seed*1_000_003 + uint64(i)
		games[i] = Game(s, int(s*7%118)+2, Start+schemas.Time(i))
		total += len(games[i])
	}
	all := make([]schemas.Event, 0, total)
	for round := 0; len(all) < total; round++ {
		for _, g := range games {
			if round < len(g) {
				all = append(all, g[round])
			}
		}
	}
	return all
}

// Others returns one event of each type that Game does not have.
func Others(at schemas.Time) (all []schemas.Event) {
	r := rand.New(rand.NewPCG(7, 0x7ab17a))
	player, game := ID(r), ID(r)
	queue := schemas.QueueKey("eu", "3+2", 0)
	seated := func() schemas.Seated {
		return schemas.Seated{PlayerID: ID(r), Handle: "Ünïcøde \"quoted\"", Rating: 1500, Deviation: 350, TicketID: ID(r), Attempt: 1}
	}
	seqs := make(map[string]int64)
	add := func(t schemas.EventType, key string, payload any) {
		seqs[key]++
		all = append(all, schemas.Event{
			ID: schemas.EventID(key, seqs[key]), Type: t, Key: key, Seq: seqs[key], OccurredAt: at, Region: "eu", CommandID: ID(r), Payload: payload,
		})
	}
	add(schemas.PlayerRegistered, player, &schemas.PlayerFacts{Handle: "magnus", Country: "NO"})
	add(schemas.PlayerUpdated, player, &schemas.PlayerFacts{Handle: "Magnus"})
	add(schemas.PlayerRated, player, &schemas.PlayerRatedPayload{GameID: game, Speed: schemas.Blitz, Rating: 1512.25, Deviation: 201.5, Volatility: 0.06, Change: 12.25, Games: 1})
	add(schemas.SessionsEnded, player, &schemas.SessionsEndedPayload{NotBefore: at})
	add(schemas.PlayerClosed, player, &schemas.PlayerClosedPayload{})
	add(schemas.PlayerQueued, queue, &schemas.PlayerQueuedPayload{TicketID: ID(r), PlayerID: player, Rating: 1500, Waiting: 1})
	add(schemas.PlayerLeftQueue, queue, &schemas.PlayerLeftQueuePayload{TicketID: ID(r), PlayerID: player})
	add(schemas.MatchFound, queue, &schemas.MatchFoundPayload{GameID: game, White: seated(), Black: seated(), Deadline: at + 10_000})
	add(schemas.MatchConfirmed, queue, &schemas.MatchConfirmedPayload{GameID: game, White: seated(), Black: seated()})
	add(schemas.MatchFailed, queue, &schemas.MatchFailedPayload{GameID: game, White: seated(), Black: seated()})
	add(schemas.DrawOffered, game, &schemas.DrawOfferedPayload{Ply: 30, Color: schemas.White})
	add(schemas.DrawDeclined, game, &schemas.DrawDeclinedPayload{Ply: 30, Color: schemas.Black})
	add(schemas.TakebackOffered, game, &schemas.TakebackOfferedPayload{Ply: 30, Color: schemas.White})
	add(schemas.TakebackDeclined, game, &schemas.TakebackDeclinedPayload{Ply: 30, Color: schemas.Black})
	add(schemas.TakebackAccepted, game, &schemas.TakebackAcceptedPayload{
		Ply: 29, Color: schemas.Black, FEN: shuttle[0].fen, Clock: schemas.Clocks{WhiteCs: 9000, BlackCs: 9500}, DeadlineAt: at + 95_000,
	})
	add(schemas.TimeRestored, game, &schemas.TimeRestoredPayload{Color: schemas.White, RestoredCs: 2100, DeadlineAt: at + 90_000})
	add(schemas.TimeAdded, game, &schemas.TimeAddedPayload{
		Color: schemas.White, AddedCs: 1500, Clock: schemas.Clocks{WhiteCs: 10_500, BlackCs: 9500}, DeadlineAt: at + 95_000,
	})
	add(schemas.PlayerLeft, game, &schemas.PlayerLeftPayload{Color: schemas.White, Explicit: true})
	add(schemas.PlayerReturned, game, &schemas.PlayerReturnedPayload{Color: schemas.White})
	add(schemas.RematchOffered, game, &schemas.RematchOfferedPayload{Color: schemas.White})
	add(schemas.RematchDeclined, game, &schemas.RematchDeclinedPayload{Color: schemas.Black})
	add(schemas.RematchAccepted, game, &schemas.RematchAcceptedPayload{Color: schemas.Black, GameID: ID(r)})
	return all
}

// Terminal returns the terminal events among events. It reuses the slice.
func Terminal(events []schemas.Event) []schemas.Event {
	return slices.DeleteFunc(events, func(ev schemas.Event) bool { return !ev.Type.Terminal() })
}
