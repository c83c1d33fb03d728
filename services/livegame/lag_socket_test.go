package livegame_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/schemas"
)

func TestRoundTripIsMeasuredAndSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	player, watcher := r.dialAs(id, r.white), r.dial(id, "")
	player.until("state")
	watcher.until("state")
	// The server's first ping follows the state frame; reading it sends the pong.
	eventually.True(t, "a round trip is measured", func() bool {
		player.send(`{"type":"ping"}`)
		f, _ := player.until("pong")
		return f.LagCs != nil && *f.LagCs >= 0
	})
	watcher.send(`{"type":"ping"}`)
	if f, _ := watcher.until("pong"); f.LagCs != nil {
		t.Errorf("a spectator's round trip is measured: %d", *f.LagCs)
	}
	player.send(`{"type":"move","uci":"e2e4","lag":-1,"clientMoveId":"a"}`)
	if f, _ := player.until("refused"); f.Code != "invalid_field" || f.ClientMoveID != "a" {
		t.Errorf("%+v", f)
	}
	player.send(`{"type":"move","uci":"e2e4","lag":3,"clientMoveId":"a"}`)
	player.until("ack")
}

func TestMoveCarriesTheLesserLag(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.trustProxies("127.0.0.1")
	id := r.newGame()
	for n, c := range []struct {
		stated string
		least  int64 // bounds of lagCs
		most   int64
	}{
		{`,"lag":7`, 7, 7}, // less than the server measured
		{``, 10, 1000},
		{`,"lag":100000`, 10, 1000},
		{`,"lag":0`, 0, 0},
	} {
		player := r.dial(id, "", "Authorization", "Bearer "+r.mover(n).token, "X-Forwarded-For", "192.0.2.1")
		<-time.After(500 * time.Millisecond) // delays the pong, because nobody reads the ping, which a busy machine may send late
		player.until("state")
		player.send(`{"type":"ping"}`)
		player.until("pong")
		player.send(`{"type":"move","uci":"` + scholar[n] + `"` + c.stated + `}`)
		player.until("ack")
		if lag := r.lastMove(id).LagCs; lag < c.least || lag > c.most {
			t.Errorf("stated %s: %d cs", c.stated, lag)
		}
	}
}

// A client that holds its pongs back gets no lag back for it: its kernel answers for it.
func TestHeldPongsOfADirectClientGiveNoLag(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	player := r.dialAs(id, r.white)
	<-time.After(time.Second) // nobody reads the ping meanwhile
	player.until("state")
	var measured int64
	eventually.True(t, "a round trip is measured", func() bool {
		player.send(`{"type":"ping"}`)
		f, _ := player.until("pong")
		if f.LagCs != nil {
			measured = *f.LagCs
		}
		return f.LagCs != nil
	})
	if measured < 50 {
		t.Fatalf("the pong was not held back: %d cs", measured)
	}
	player.send(`{"type":"move","uci":"e2e4","lag":100}`)
	player.until("ack")
	if lag := r.lastMove(id).LagCs; lag > 20 {
		t.Errorf("%d cs", lag)
	}
}

// lastMove returns the last PlayMove command of a game.
func (r *rig) lastMove(gameID string) (last *schemas.PlayMovePayload) {
	r.t.Helper()
	err := kafka.ReadAll(r.t.Context(), r.Config, schemas.GameCommands, func(rec *kgo.Record) error {
		if string(rec.Key) != gameID {
			return nil
		}
		cmd, err := schemas.DecodeCommand(rec.Value)
		if move, ok := cmd.Payload.(*schemas.PlayMovePayload); ok {
			last = move
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return last
}
