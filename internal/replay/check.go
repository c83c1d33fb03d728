package replay

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"tabiya/internal/core/pgn"
)

// check fetches a finished game from history and compares it with the file.
func (r *run) check(ctx context.Context, p played) {
	defer r.progress()
	text, err := r.client.PGN(ctx, p.gameID)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		r.report.mismatch(p.place, p.gameID, "history: "+err.Error())
		return
	}
	found, err := pgn.NewReader(bytes.NewReader(text)).Next()
	if err != nil {
		r.report.mismatch(p.place, p.gameID, "history's PGN: "+err.Error())
		return
	}
	what := difference(p.game, found)
	if what != "" {
		r.report.mismatch(p.place, p.gameID, what)
	}
	switch {
	case p.early != nil:
		r.report.endEarlier(p)
	case what == "":
		r.report.count(&r.report.games)
	}
}

// difference describes the first difference between the file and history, "" if
// there is none.
func difference(want game, got pgn.Game) string {
	for i := range min(len(want.moves), len(got.Moves)) {
		if want.moves[i] != got.Moves[i] {
			return fmt.Sprintf("ply %d is %s in history, %s in the file", i+1, got.Moves[i], want.moves[i])
		}
	}
	switch {
	case !slices.Equal(want.moves, got.Moves):
		return fmt.Sprintf("history has %d plies, the file %d", len(got.Moves), len(want.moves))
	case want.early != nil && want.early.result != got.Result:
		return fmt.Sprintf("the result is %s in history, %s by the rules", got.Result, want.early.result)
	case want.result != got.Result:
		return fmt.Sprintf("the result is %s in history, %s in the file", got.Result, want.result)
	}
	return ""
}
