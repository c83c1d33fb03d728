package queue_test

import (
	"encoding/json"
	"fmt"

	"tabiya/internal/core/game"
	"tabiya/internal/core/player"
	"tabiya/internal/core/queue"
	"tabiya/schemas"
	"tabiya/tables"
)

// core is an aggregate's logic over encoded rows.
type core interface {
	decide(key string, row []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) (next []byte, changed bool, out []schemas.Message)
	replay(key string, row []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) []schemas.Message
	head(row []byte) schemas.Head
}

type playerCore struct{ table tables.Table[*player.State] }

func (c playerCore) row(key string, raw []byte) *player.State { return decode(c.table, key, raw) }
func (c playerCore) decide(key string, raw []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) ([]byte, bool, []schemas.Message) {
	next, changed, out := player.Decide(c.row(key, raw), cmd, at, origin)
	return encode(c.table, cmd.Key, next, changed), changed, out
}
func (c playerCore) replay(key string, raw []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) []schemas.Message {
	return player.Replay(c.row(key, raw), cmd, at, origin)
}
func (c playerCore) head(raw []byte) schemas.Head { return head(raw) }

type queueCore struct {
	queue.Config
	table tables.Table[*queue.State]
}

func (c queueCore) row(key string, raw []byte) *queue.State { return decode(c.table, key, raw) }
func (c queueCore) decide(key string, raw []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) ([]byte, bool, []schemas.Message) {
	next, changed, out := c.Decide(c.row(key, raw), cmd, at, origin.Offset)
	return encode(c.table, cmd.Key, next, changed), changed, out
}
func (c queueCore) replay(key string, raw []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) []schemas.Message {
	return c.Replay(c.row(key, raw), cmd, at, origin.Offset)
}
func (c queueCore) head(raw []byte) schemas.Head { return head(raw) }

func decode[R tables.Row](t tables.Table[R], key string, raw []byte) (row R) {
	if raw == nil {
		return row
	}
	row, err := t.Decode(key, raw)
	if err != nil {
		panic(err)
	}
	return row
}

func encode[R tables.Row](t tables.Table[R], key string, row R, changed bool) []byte {
	if !changed {
		return nil
	}
	return t.Encode(key, row)
}

func head(raw []byte) schemas.Head {
	if raw == nil {
		return schemas.Head{Offset: -1}
	}
	h, err := tables.PeekHead(raw)
	if err != nil {
		panic(err)
	}
	return h
}

// gameRow is the part of a game that matters to its players' seats.
type gameRow struct {
	Head   schemas.Head
	Status string // live, over, void
	Failed bool   // aborted because its match failed
	NoShow bool   // aborted because White did not move
	EndsAt schemas.Time
	Game   schemas.CreateGamePayload
	// Rematch is the id of the game that its players agreed on, once it was over, and
	// NoRematch whether they were told that it is not played.
	Rematch   string
	NoRematch bool
	Sent      map[int64][]schemas.Record
}

// gameCore can be told to record the result of a failed match. The games processor must
// not do that, but the seats must survive it.
type gameCore struct{ recordsAbort bool }

func (c gameCore) head(raw []byte) schemas.Head {
	if raw == nil {
		return schemas.Head{Offset: -1}
	}
	return gameOf(raw).Head
}

func gameOf(raw []byte) gameRow {
	g := gameRow{Sent: map[int64][]schemas.Record{}}
	if raw != nil {
		if err := json.Unmarshal(raw, &g); err != nil {
			panic(err)
		}
	}
	return g
}

func (c gameCore) decide(key string, raw []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) ([]byte, bool, []schemas.Message) {
	g := gameOf(raw)
	var out []schemas.Message
	send := func(t schemas.CommandType, to, purpose string, payload any) {
		out = append(out, schemas.Command{ID: schemas.DerivedID(key, purpose, 1), Type: t, Key: to, Region: "eu", Actor: schemas.ActorSystem, Payload: payload})
	}
	sides := func() [2]schemas.Seated { return [2]schemas.Seated{g.Game.White, g.Game.Black} }
	record := func(rated bool) {
		for i, s := range sides() {
			send(schemas.RecordResult, s.PlayerID, fmt.Sprint("record", i), &schemas.RecordResultPayload{
				GameID: key, Speed: g.Game.TimeControl.Speed(), Rated: rated, Score: float64(i), Opponent: sides()[1-i],
			})
		}
	}
	switch {
	case cmd.Type == schemas.CreateGame && g.Status == "" && at > cmd.Payload.(*schemas.CreateGamePayload).Deadline:
		return raw, false, nil
	case cmd.Type == schemas.CreateGame && g.Status == "":
		g.Status, g.Game = "live", *cmd.Payload.(*schemas.CreateGamePayload)
		for i, s := range sides() {
			send(schemas.SeatInGame, s.PlayerID, fmt.Sprint("seat", i), &schemas.SeatInGamePayload{GameID: key, TicketID: s.TicketID, Attempt: s.Attempt})
		}
		send(schemas.ConfirmMatch, g.Game.Queue, "confirm", &schemas.ConfirmMatchPayload{GameID: key})
	case cmd.Type == schemas.AbortGame && g.Status == "":
		g.Status = "void"
	case cmd.Type == schemas.AbortGame && g.Status == "live":
		g.Status, g.Failed, g.EndsAt = "over", true, at
		if c.recordsAbort {
			record(false)
		}
	case cmd.Type == schemas.CheckFlag && g.Status == "live": // White does not come
		g.Status, g.EndsAt, g.NoShow = "over", at, true
		for i, s := range sides() {
			send(schemas.RecordResult, s.PlayerID, fmt.Sprint("record", i), &schemas.RecordResultPayload{
				GameID: key, Speed: g.Game.TimeControl.Speed(), Opponent: sides()[1-i], Missed: i == 0,
				Again: i == 1 && !schemas.IsNamedQueue(g.Game.Queue),
			})
		}
	case cmd.Type == schemas.Resign && g.Status == "live":
		g.Status, g.EndsAt = "over", at
		record(true)
	case cmd.Type == schemas.AcceptRematch && g.Status == "over" && !g.Failed && !g.NoShow && g.Rematch == "":
		g.Rematch, g.EndsAt = schemas.DerivedID(key, "rematch", 1), at
		named := schemas.NamedGame{
			GameID: g.Rematch, WhiteID: g.Game.Black.PlayerID, BlackID: g.Game.White.PlayerID, TimeControl: g.Game.TimeControl,
			Rated: true, RematchOf: key, Deadline: at.Add(schemas.RematchWithin),
		}
		for _, c := range []schemas.Color{schemas.White, schemas.Black} {
			send(schemas.TakeSeat, named.PlayerID(c), "take "+string(c), &schemas.TakeSeatPayload{Color: c, Game: named})
		}
	case cmd.Type == schemas.FailRematch && g.Rematch == cmd.Payload.(*schemas.FailRematchPayload).GameID && at <= g.EndsAt.Add(game.RematchWindow):
		g.NoRematch = true
	default:
		return raw, false, nil
	}
	g.Head = schemas.Head{Version: g.Head.Version + 1, Offset: origin.Offset}
	for _, m := range out {
		g.Sent[origin.Offset] = append(g.Sent[origin.Offset], m.Record())
	}
	next, err := json.Marshal(g)
	if err != nil {
		panic(err)
	}
	return next, true, out
}

func (c gameCore) replay(_ string, raw []byte, _ schemas.Command, _ schemas.Time, origin schemas.Origin) (out []schemas.Message) {
	for _, r := range gameOf(raw).Sent[origin.Offset] {
		cmd, err := schemas.DecodeCommand(r.Value)
		if err != nil {
			panic(err)
		}
		out = append(out, cmd)
	}
	return out
}
