package processors_test

import (
	"encoding/json"
	"slices"
	"time"

	"tabiya/schemas"
	"tabiya/tables"
)

// tally is a small aggregate that has all that a Core can have: turns that make
// an order matter, a history to replay from, a timer, and a deletion. It speaks
// in the commands and events of a game, whose records carry the row.
type tally struct {
	head     schemas.Head
	Count    int
	Deadline schemas.Time
	Evict    bool
	Past     []past
}

// past is one event of the row, as much as makes it again.
type past struct {
	Offset  int64
	At      schemas.Time
	Command string
	Region  string
	Color   schemas.Color
}

func (r *tally) Head() schemas.Head { return r.head }

func (r *tally) event(key string, seq int64) schemas.Event {
	p := r.Past[seq-1]
	return schemas.Event{
		ID: schemas.EventID(key, seq), Type: schemas.RematchOffered, Key: key, Seq: seq, OccurredAt: p.At,
		Region: p.Region, CommandID: p.Command, Payload: &schemas.RematchOfferedPayload{Color: p.Color},
	}
}

func tallyTable() tables.Table[*tally] {
	return tables.Table[*tally]{
		Group: schemas.GamesGroup, Topic: schemas.GamesTable, Commands: schemas.GameCommands, Events: schemas.GameEvents,
		AppendBody: func(b []byte, row *tally) []byte {
			body, _ := json.Marshal(row)
			return append(b, body...)
		},
		DecodeBody: func(_ string, head schemas.Head, body []byte) (*tally, error) {
			row := &tally{head: head}
			return row, json.Unmarshal(body, row)
		},
	}
}

type tallyCore struct{}

// The commands that a tally takes.
const (
	stepAsWhite = "white" // PlayMove: only if Count is even
	stepAsBlack = "black" // PlayMove: only if Count is odd
	blowUp      = "panic" // PlayMove: a bug of the core
)

func step(key, how string, n int64) schemas.Command {
	return schemas.Command{
		ID: schemas.DerivedID(key, how, n), Type: schemas.PlayMove, Key: key, Region: "eu",
		Actor: schemas.ActorService, Payload: &schemas.PlayMovePayload{UCI: how},
	}
}

func plain(t schemas.CommandType, key string) schemas.Command {
	return schemas.Command{ID: schemas.NewID(), Type: t, Key: key, Region: "eu", Actor: schemas.ActorService}
}

const timerAfter = 150 * time.Millisecond

func (tallyCore) Decide(row *tally, cmd schemas.Command, at schemas.Time, offset int64) (*tally, bool, []schemas.Message) {
	if row == nil {
		row = &tally{}
	}
	change := func() { row.head = schemas.Head{Version: row.head.Version + 1, Offset: offset} }
	happen := func(c schemas.Color) []schemas.Message {
		change()
		row.Past = append(row.Past, past{offset, at, cmd.ID, cmd.Region, c})
		return []schemas.Message{row.event(cmd.Key, int64(len(row.Past)))}
	}
	switch cmd.Type {
	case schemas.PlayMove:
		how := cmd.Payload.(*schemas.PlayMovePayload).UCI
		if how == blowUp {
			panic("a bug")
		}
		if (how == stepAsWhite) != (row.Count%2 == 0) {
			return row, false, []schemas.Message{rejected(cmd, at, schemas.CodeNotYourTurn)}
		}
		row.Count++
		return row, true, happen(schemas.Color(how))
	case schemas.OfferDraw: // sets the timer
		row.Deadline = at.Add(timerAfter)
		return row, true, happen(schemas.White)
	case schemas.CheckFlag:
		if row.Deadline == 0 || at < row.Deadline {
			return row, false, nil
		}
		row.Deadline = 0
		return row, true, happen(schemas.Black)
	case schemas.Resign: // the row may go once this is committed
		row.Evict, row.Deadline = true, at
		return row, true, happen(schemas.White)
	case schemas.EvictGame, schemas.AbortGame:
		return nil, true, nil
	}
	return row, false, nil
}

func (tallyCore) Replay(row *tally, cmd schemas.Command, at schemas.Time, offset int64) []schemas.Message {
	if row != nil {
		if i := slices.IndexFunc(row.Past, func(p past) bool { return p.Offset == offset }); i >= 0 {
			return []schemas.Message{row.event(cmd.Key, int64(i+1))}
		}
	}
	if cmd.Actor == schemas.ActorSystem {
		return nil
	}
	return []schemas.Message{rejected(cmd, at, schemas.CodeNotAccepted)}
}

func (tallyCore) Deadline(key string, row *tally) (schemas.Time, func() schemas.Command, bool, bool) {
	cmd := schemas.Command{Key: key, Region: "eu", Actor: schemas.ActorSystem, ID: schemas.DerivedID(key, "timer", int64(len(row.Past)))}
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
