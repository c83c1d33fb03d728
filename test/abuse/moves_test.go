package abuse

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// hopelessFrames is an attack of 11 accounts, each with 60 sockets to a game of their own,
// that send 60 frames a second each which cannot succeed.
var hopelessFrames = attack{
	prepare: func(ctx context.Context, a *attacker) error {
		if err := a.makePlayers(ctx, 11); err != nil {
			return err
		}
		for i, p := range a.players {
			if err := a.beginGame(ctx, p, a.players[(i+1)%len(a.players)]); err != nil {
				return err
			}
		}
		return nil
	},
	round: func(ctx context.Context, a *attacker) {
		var going sync.WaitGroup
		for i, p := range a.players {
			for range 60 {
				going.Go(func() { a.flood(ctx, a.games[i], p.Token, time.Second/60, hopelessFrame) })
			}
		}
		going.Wait()
	},
}

// hopelessFrame is a move that is not legal after 1. e4 e5.
func hopelessFrame(n int) string {
	return fmt.Sprintf(`{"type":"move","uci":"e7e5","clientMoveId":"%d"}`, n)
}

// busyAccount is one account that does as much as it may: 60 sockets to games that it
// plays, with frames of all kinds.
var busyAccount = attack{
	prepare: func(ctx context.Context, a *attacker) error {
		if err := a.makePlayers(ctx, 2); err != nil {
			return err
		}
		for range 20 {
			if err := a.beginGame(ctx, a.players[0], a.players[1]); err != nil {
				return err
			}
		}
		return nil
	},
	round: func(ctx context.Context, a *attacker) {
		var going sync.WaitGroup
		for i := range 60 {
			going.Go(func() {
				a.flood(ctx, a.games[i%len(a.games)], a.players[0].Token, time.Second/400, func(n int) string {
					return [...]string{
						fmt.Sprintf(`{"type":"move","uci":"g1f3","clientMoveId":"a%d"}`, n), `{"type":"draw","action":"accept"}`,
						fmt.Sprintf(`{"type":"draw","action":"offer","clientMoveId":"b%d"}`, n), `{"type":"ping"}`,
					}[n%4]
				})
			})
		}
		going.Wait()
	},
}

func TestHonestMovesStayFastWhile11AccountsSendHopelessFrames(t *testing.T) {
	up(t).honestGame(t).withstands("hopeless", nil)
}

func TestHonestMovesStayFastWhileOneAccountDoesAllItMay(t *testing.T) {
	up(t).honestGame(t).withstands("busy", nil)
}
