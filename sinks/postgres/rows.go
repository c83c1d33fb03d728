package postgres

import (
	"strings"

	"github.com/google/uuid"

	"tabiya/schemas"
)

var gameColumns = []string{
	"game_id", "ended_at", "created_at", "region", "speed", "rated", "queue",
	"white_id", "white_handle", "white_rating", "black_id", "black_handle", "black_rating",
	"initial_cs", "increment_cs", "result", "termination", "plies", "moves", "clocks_cs", "start_fen", "fen",
	"event_id", "event_seq", "private", "table_row", "white_restored_cs", "black_restored_cs",
}

func (b *batch) gameRow(i int) ([]any, error) {
	g := &b.games[i]
	o := g.over
	clocks := make([]int32, len(o.ClocksCs))
	for i, cs := range o.ClocksCs {
		clocks[i] = int32(cs)
	}
	var restored schemas.Clocks
	if o.RestoredCs != nil {
		restored = *o.RestoredCs
	}
	return []any{
		id(g.Key), o.EndedAt.Std(), o.CreatedAt.Std(), g.Region, string(o.Speed), o.CountsForRatings(), o.Queue,
		id(o.White.PlayerID), o.White.Handle, o.White.Rating, id(o.Black.PlayerID), o.Black.Handle, o.Black.Rating,
		int32(o.TimeControl.InitialCs), int32(o.TimeControl.IncrementCs), string(o.Result), string(o.Termination),
		int32(o.Plies), strings.Join(o.Moves, " "), clocks, o.StartFEN, o.FEN,
		id(g.ID), g.Seq, o.Private, g.row, int32(restored.WhiteCs), int32(restored.BlackCs),
	}, nil
}

var playerGameColumns = []string{
	"player_id", "ended_at", "game_id", "color", "result", "rating",
	"opponent_id", "opponent_handle", "opponent_rating",
	"region", "speed", "rated", "initial_cs", "increment_cs", "termination", "plies", "private",
}

// playerGameRow returns the row of White for an even i, of Black for an odd one.
func (b *batch) playerGameRow(i int) ([]any, error) {
	g := &b.games[i/2]
	o := g.over
	color, player, opponent := schemas.White, &o.White, &o.Black
	if i%2 == 1 {
		color, player, opponent = schemas.Black, &o.Black, &o.White
	}
	return []any{
		id(player.PlayerID), o.EndedAt.Std(), id(g.Key), string(color), resultFor(color, o.Result), player.Rating,
		id(opponent.PlayerID), opponent.Handle, opponent.Rating,
		g.Region, string(o.Speed), o.CountsForRatings(), int32(o.TimeControl.InitialCs), int32(o.TimeControl.IncrementCs),
		string(o.Termination), int32(o.Plies), o.Private,
	}, nil
}

// resultFor returns a game's result from the point of view of a player.
func resultFor(c schemas.Color, r schemas.Result) string {
	switch r {
	case schemas.WinFor(c):
		return "win"
	case schemas.WinFor(c.Other()):
		return "loss"
	case schemas.Draw:
		return "draw"
	}
	return "none"
}

// id parses a UUID that events.Decode has checked.
func id(s string) [16]byte { return uuid.MustParse(s) }
