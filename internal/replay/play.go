package replay

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tabiya/internal/client"
	"tabiya/schemas"
)

// liveGame is the game on the server in which a game of the file is played.
type liveGame struct {
	gameID string
	white  client.Player
	black  client.Player
}

func (t liveGame) player(c schemas.Color) client.Player {
	if c == schemas.White {
		return t.white
	}
	return t.black
}

// errRestartGame means that the server aborted the game because the first move came
// too late, which happens if the server was unreachable meanwhile. The game is
// played again.
var errRestartGame = errors.New("game aborted: the first move came too late")

// play plays a game to its end. key is the prefix of all idempotency keys.
func (r *run) play(ctx context.Context, g game, t liveGame, key string) error {
	answer := client.Game{}
	for i, uci := range g.moves {
		ply := i + 1
		start := time.Now()
		var err error
		answer, err = r.client.Move(ctx, t.player(sideToMove(i)), t.gameID, key+"/"+strconv.Itoa(ply), uci, ply)
		if err != nil {
			return r.explain(ctx, t, fmt.Errorf("play ply %d of %d, %s: %w", ply, len(g.moves), uci, err))
		}
		r.report.countMove(time.Since(start))
		if answer.Ply != ply {
			return fmt.Errorf("ply %d, %s, was answered with ply %d", ply, uci, answer.Ply)
		}
	}
	if answer.Over() {
		return nil // checkmate, stalemate and the like end the game without a request
	}
	if end := g.early; end != nil {
		return fmt.Errorf("the rules end the game after %d plies (%s), the server does not", len(g.moves), end.termination)
	}
	return r.finish(ctx, g, t, key)
}

// finish ends a game with the file's result: by agreement on a draw, or by
// resignation.
func (r *run) finish(ctx context.Context, g game, t liveGame, key string) error {
	var err error
	switch g.result {
	case schemas.Draw:
		last := sideToMove(len(g.moves)).Other() // the side that moved last offers the draw
		if _, err = r.client.Draw(ctx, t.player(last), t.gameID, key+"/offer", client.OfferDraw); err == nil {
			_, err = r.client.Draw(ctx, t.player(last.Other()), t.gameID, key+"/accept", client.AcceptDraw)
		}
	case schemas.WhiteWins:
		_, err = r.client.Resign(ctx, t.black, t.gameID, key+"/resign")
	case schemas.BlackWins:
		_, err = r.client.Resign(ctx, t.white, t.gameID, key+"/resign")
	}
	if err != nil {
		return r.explain(ctx, t, fmt.Errorf("end as %s after %d plies: %w", g.result, len(g.moves), err))
	}
	if g.timeForfeit {
		r.report.count(&r.report.timeForfeits)
	}
	return nil
}

// explain adds the game's result to an error that says that the game is over. It
// returns errRestartGame if the first move came too late.
func (r *run) explain(ctx context.Context, t liveGame, cause error) error {
	if client.CodeOf(cause) != schemas.CodeGameOver {
		return cause
	}
	now, err := r.client.Game(ctx, t.gameID)
	if err == nil && now.Termination == schemas.FirstMoveExpired {
		return errRestartGame
	}
	return fmt.Errorf("%w (the game ended with %s, %s)", cause, now.Result, now.Termination)
}

// sideToMove returns the side to move after that many plies.
func sideToMove(plies int) schemas.Color {
	if plies%2 == 0 {
		return schemas.White
	}
	return schemas.Black
}
