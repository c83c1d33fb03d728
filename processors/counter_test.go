package processors_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"tabiya/internal/kafka"
	"tabiya/processors"
	"tabiya/schemas"
	"tabiya/tables"
)

// counter is a small aggregate with everything that a Core can have: turns, so that
// the order of commands matters, a history to replay from, a timer and a deletion.
// It uses the commands and events of a game, whose records carry the row.
type counter struct {
	head     schemas.Head
	Count    int
	Deadline schemas.Time
	Evict    bool
	History  []change
}

// change is what a row keeps of one event, enough to build the event again.
type change struct {
	Offset  int64
	At      schemas.Time
	Command string
	Region  string
	Color   schemas.Color
}

func (r *counter) Head() schemas.Head { return r.head }

func (r *counter) event(key string, seq int64) schemas.Event {
	p := r.History[seq-1]
	return schemas.Event{
		ID: schemas.EventID(key, seq), Type: schemas.RematchOffered, Key: key, Seq: seq, OccurredAt: p.At,
		Region: p.Region, CommandID: p.Command, Payload: &schemas.RematchOfferedPayload{Color: p.Color},
	}
}

func counterTable() tables.Table[*counter] {
	return tables.Table[*counter]{
		Group: schemas.GamesGroup, Topic: schemas.GamesTable, Commands: schemas.GameCommands, Events: schemas.GameEvents,
		AppendBody: func(b []byte, row *counter) []byte {
			body, _ := json.Marshal(row)
			return append(b, body...)
		},
		DecodeBody: func(_ string, head schemas.Head, body []byte) (*counter, error) {
			row := &counter{head: head}
			return row, json.Unmarshal(body, row)
		},
	}
}

type counterCore struct{}

// The moves of a counter, which are UCI values of a PlayMove.
const (
	moveWhite = "white" // accepted if Count is even
	moveBlack = "black" // accepted if Count is odd
	movePanic = "panic" // makes the Core panic
	moveTimer = "timer" // accepted; makes the Core panic when it computes the row's timer
)

func move(key, uci string, n int64) schemas.Command {
	return schemas.Command{
		ID: schemas.DerivedID(key, uci, n), Type: schemas.PlayMove, Key: key, Region: "eu",
		Actor: schemas.ActorService, Payload: &schemas.PlayMovePayload{UCI: uci},
	}
}

func command(t schemas.CommandType, key string) schemas.Command {
	return schemas.Command{ID: schemas.NewID(), Type: t, Key: key, Region: "eu", Actor: schemas.ActorService}
}

// laterRegion is the region of a counter's changes that are made in a later format than
// the oldest: what that format has and an older one has not.
const laterRegion = "later"

// panicCount is a Count for which Deadline panics.
const panicCount = -1

// panicWhenDue is a Count for which the timer's command panics.
const panicWhenDue = -2

const timerAfter = 150 * time.Millisecond

func (counterCore) Decide(row *counter, cmd schemas.Command, in processors.Circumstances) (*counter, bool, []schemas.Message) {
	at, origin := in.At, in.Origin
	if row == nil {
		row = &counter{}
	}
	apply := func(c schemas.Color) []schemas.Message {
		row.head = schemas.Head{Version: row.head.Version + 1, Offset: origin.Offset}
		region := cmd.Region
		if in.Format > schemas.OldestFormat {
			region = laterRegion
		}
		row.History = append(row.History, change{origin.Offset, at, cmd.ID, region, c})
		return []schemas.Message{row.event(cmd.Key, int64(len(row.History)))}
	}
	switch cmd.Type {
	case schemas.PlayMove:
		uci := cmd.Payload.(*schemas.PlayMovePayload).UCI
		if uci == movePanic {
			panic("a bug")
		}
		if uci == moveTimer {
			row.Count = panicCount
			return row, true, apply(schemas.White)
		}
		if (uci == moveWhite) != (row.Count%2 == 0) {
			return row, false, []schemas.Message{rejected(cmd, at, schemas.CodeNotYourTurn)}
		}
		row.Count++
		return row, true, apply(schemas.Color(uci))
	case schemas.OfferDraw: // sets the timer
		row.Deadline = at.Add(timerAfter)
		return row, true, apply(schemas.White)
	case schemas.CheckFlag:
		if row.Deadline == 0 || at < row.Deadline {
			return row, false, nil
		}
		row.Deadline = 0
		return row, true, apply(schemas.Black)
	case schemas.Resign: // the row may be evicted once this command is committed
		row.Evict, row.Deadline = true, at
		return row, true, apply(schemas.White)
	case schemas.EvictGame, schemas.AbortGame:
		return nil, true, nil
	}
	return row, false, nil
}

func (counterCore) Survey(context.Context, kafka.Config, string) (any, error) { return "surveyed", nil }

func (counterCore) Apply(row *counter, ev schemas.Event) (*counter, error) {
	if ev.CommandID == rebuildPanic {
		panic("a bug")
	}
	if row == nil {
		row = &counter{}
	}
	row.Count++
	row.History = append(row.History, change{-1, ev.OccurredAt, ev.CommandID, ev.Region, ev.Payload.(*schemas.RematchOfferedPayload).Color})
	return row, nil
}

func (counterCore) Rebuild(_ schemas.Command, row *counter, survey any, _ []schemas.LateCommand, in processors.Circumstances) (*counter, []schemas.Message, error) {
	if survey != "surveyed" {
		return nil, nil, errors.New("nothing was surveyed")
	}
	row.head = schemas.Head{Version: schemas.RebuiltVersion(in.At), Offset: in.Origin.Offset}
	return row, nil, nil
}

// rebuildPanic is the command id of an event for which Apply panics.
const rebuildPanic = "0190b3a1-0000-7000-8000-0000000000ff"

func (counterCore) Replay(row *counter, cmd schemas.Command, in processors.Circumstances) []schemas.Message {
	at, origin := in.At, in.Origin
	if row != nil {
		if i := slices.IndexFunc(row.History, func(c change) bool { return c.Offset == origin.Offset }); i >= 0 {
			return []schemas.Message{row.event(cmd.Key, int64(i+1))}
		}
	}
	if cmd.Actor == schemas.ActorSystem {
		return nil
	}
	return []schemas.Message{rejected(cmd, at, schemas.CodeNotAccepted)}
}

func (counterCore) NextTimer(key string, row *counter) (schemas.Time, func() schemas.Command, bool, bool) {
	if row.Count == panicCount {
		panic("a bug")
	}
	if row.Count == panicWhenDue {
		return row.Deadline, func() schemas.Command { panic("a bug") }, false, true
	}
	cmd := schemas.Command{Key: key, Region: "eu", Actor: schemas.ActorSystem, ID: schemas.DerivedID(key, "timer", int64(len(row.History)))}
	if row.Evict {
		cmd.Type = schemas.EvictGame
		return row.Deadline, func() schemas.Command { return cmd }, true, true
	}
	cmd.Type, cmd.Payload = schemas.CheckFlag, &schemas.CheckFlagPayload{Ply: row.Count}
	return row.Deadline, func() schemas.Command { return cmd }, false, row.Deadline != 0
}

func rejected(cmd schemas.Command, at schemas.Time, code schemas.Code) schemas.Reply {
	return schemas.Reply{
		Type: schemas.CommandRejected, CommandID: cmd.ID, CommandType: cmd.Type, Key: cmd.Key,
		Region: cmd.Region, Actor: cmd.Actor, OccurredAt: at, Code: code,
	}
}
