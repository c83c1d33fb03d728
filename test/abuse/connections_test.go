package abuse

import (
	"context"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"tabiya/internal/client"
)

// crowdedConnections is an attack that takes all connections: 155 anonymous sockets on the
// honest game, and 60 of a player on a game of their own.
var crowdedConnections = attack{
	prepare: func(ctx context.Context, a *attacker) error {
		if err := a.makePlayers(ctx, 2); err != nil {
			return err
		}
		return a.beginGame(ctx, a.players[0], a.players[1])
	},
	round: func(ctx context.Context, a *attacker) {
		var going sync.WaitGroup
		hold := func(gameID string, who client.Player) {
			for ctx.Err() == nil {
				conn, err := a.open(ctx, gameID, who.Token)
				if err != nil {
					pause(ctx, reconnectAfter)
					continue
				}
				a.done.Add(1)
				for {
					if _, _, err := conn.Read(ctx); err != nil {
						break
					}
				}
				_ = conn.Close(websocket.StatusNormalClosure, "")
				pause(ctx, reconnectAfter)
			}
		}
		for range 155 {
			going.Go(func() { hold(a.gameID, client.Player{}) })
		}
		for range 60 {
			going.Go(func() { hold(a.games[0], a.players[0]) })
		}
		going.Wait()
	},
}

// The honest players come back in the middle of the attack, and are admitted at once.
func TestPlayersAreAdmittedWhileAllConnectionsAreTaken(t *testing.T) {
	h := up(t, "--connections", "200").honestGame(t)
	h.withstands("crowd", func() {
		for side := range h.players {
			h.connect(side)
		}
	})
}
