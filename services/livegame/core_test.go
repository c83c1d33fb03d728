package livegame_test

import (
	"tabiya/internal/game"
	"tabiya/processors"
	"tabiya/schemas"
	"tabiya/tables"
)

type gamesCore struct{}

func (gamesCore) Decide(row *game.State, cmd schemas.Command, at schemas.Time, offset int64) (*game.State, bool, []schemas.Message) {
	next, events, refusal := game.Judge(row, cmd, at)
	var out []schemas.Message
	if refusal != nil {
		return row, false, append(out, refusal.Reply(cmd, at))
	}
	if len(events) == 0 {
		return row, false, nil
	}
	for _, e := range events {
		out = append(out, e)
	}
	version := int64(1)
	if row != nil {
		version = row.Head().Version + 1
	}
	return next.Stamped(version, offset), true, out
}
func (gamesCore) Replay(row *game.State, cmd schemas.Command, at schemas.Time, offset int64) []schemas.Message {
	return nil
}
func (gamesCore) Deadline(key string, row *game.State) (at schemas.Time, cmd schemas.Command, afterCommit bool, ok bool) {
	if row == nil || row.Over() {
		return 0, cmd, false, false
	}
	return row.Deadline(), schemas.Command{ID: schemas.DerivedID(key, "flag", row.Seq), Type: schemas.CheckFlag, Key: key, Region: row.Region, Actor: schemas.ActorSystem, Payload: &schemas.CheckFlagPayload{Ply: row.Plies}}, false, true
}

func newProcessor(cfg processors.Config) (*processors.Processor[*game.State], error) {
	return processors.New(cfg, tables.Games(), gamesCore{})
}
