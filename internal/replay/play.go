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

// table is where one game of the file is played: on the server, with a player
// for each colour.
type table struct {
	gameID string
	white  client.Player
	black  client.Player
}

func (t table) side(c schemas.Color) client.Player {
	if c == schemas.White {
		return t.white
	}
	return t.black
}

// errStartOver: the server ended the game for a wait that was none of its
// players' doing. It was right to do so; the game is played again.
var errStartOver = errors.New("the first move came too late, after a wait for the server")

// play plays a game to its end, as the players whose turn it is. key begins
// every idempotency key, so that a repeat of any request does nothing twice.
func (r *run) play(ctx context.Context, g game, t table, key string) error {
	answer := client.Game{}
	for i, uci := range g.moves {
		ply := i + 1
		start := time.Now()
		var err error
		answer, err = r.client.Move(ctx, t.side(mover(i)), t.gameID, key+"/"+strconv.Itoa(ply), uci, ply)
		if err != nil {
			return r.lost(ctx, t, fmt.Errorf("ply %d, %s, of %d: %w", ply, uci, len(g.moves), err))
		}
		r.report.moved(time.Since(start))
		if answer.Ply != ply {
			return fmt.Errorf("ply %d, %s, was answered with ply %d", ply, uci, answer.Ply)
		}
	}
	if answer.Over() {
		return nil // mate, stalemate and the like end by themselves
	}
	return r.end(ctx, g, t, key)
}

// end ends a game that the board does not end, the way the file says.
func (r *run) end(ctx context.Context, g game, t table, key string) error {
	var err error
	switch g.result {
	case schemas.Draw:
		last := mover(len(g.moves)).Other() // the offer comes with a move
		if _, err = r.client.Draw(ctx, t.side(last), t.gameID, key+"/offer", client.OfferDraw); err == nil {
			_, err = r.client.Draw(ctx, t.side(last.Other()), t.gameID, key+"/accept", client.AcceptDraw)
		}
	case schemas.WhiteWins:
		_, err = r.client.Resign(ctx, t.black, t.gameID, key+"/resign")
	case schemas.BlackWins:
		_, err = r.client.Resign(ctx, t.white, t.gameID, key+"/resign")
	}
	if err != nil {
		return r.lost(ctx, t, fmt.Errorf("end as %s after %d plies: %w", g.result, len(g.moves), err))
	}
	if g.timeForfeit {
		r.report.count(&r.report.timeForfeits)
	}
	return nil
}

// lost says why a game cannot go on.
func (r *run) lost(ctx context.Context, t table, why error) error {
	if client.CodeOf(why) != schemas.CodeGameOver {
		return why
	}
	now, err := r.client.Game(ctx, t.gameID)
	if err == nil && now.Termination == schemas.FirstMoveExpired {
		return errStartOver
	}
	return fmt.Errorf("%w (it ended with %s, %s)", why, now.Result, now.Termination)
}

// mover is the side to move after so many plies.
func mover(plies int) schemas.Color {
	if plies%2 == 0 {
		return schemas.White
	}
	return schemas.Black
}
