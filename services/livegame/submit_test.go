package livegame_test

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/services/livegame"
)

// sent returns how many commands of a kind a game has in the log.
func (r *rig) sent(gameID string, kind schemas.CommandType) (n int) {
	r.t.Helper()
	err := kafka.ReadAll(r.t.Context(), r.Config, schemas.GameCommands, func(rec *kgo.Record) error {
		if cmd, err := schemas.DecodeCommand(rec.Value); err == nil && cmd.Type == kind && cmd.Key == gameID {
			n++
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestCommandThatCanNeverSucceedDoesNotReachKafka(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	path := "/v1/games/" + id
	first := r.ok("POST", path+"/moves", r.white.token, moveBody("e2e4"), "Idempotency-Key", "1")
	// Ply 3 is White's, whatever was played or taken back meanwhile.
	r.refused(409, schemas.CodeNotYourTurn, "POST", path+"/moves", r.black.token, `{"uci":"e7e5","ply":3}`)
	if n := r.sent(id, schemas.PlayMove); n != 1 {
		t.Errorf("%d moves reached Kafka", n)
	}
	// The opponent's turn may be over already: that is for the log to say.
	r.refused(409, schemas.CodeNotYourTurn, "POST", path+"/moves", r.white.token, `{"uci":"d2d4","ply":3}`)
	r.ok("POST", path+"/resign", r.black.token, "", "Idempotency-Key", "2")
	r.refused(409, schemas.CodeGameOver, "POST", path+"/moves", r.white.token, moveBody("d2d4"))
	r.refused(409, schemas.CodeGameOver, "POST", path+"/resign", r.white.token, "")
	if moves, ends := r.sent(id, schemas.PlayMove), r.sent(id, schemas.Resign); moves != 2 || ends != 1 {
		t.Errorf("%d moves and %d resignations reached Kafka", moves, ends)
	}
	// A command that was accepted is accepted, although the game is over.
	again := r.ok("POST", path+"/moves", r.white.token, moveBody("e2e4"), "Idempotency-Key", "1")
	if again.Seq != first.Seq || string(again.Event) != string(first.Event) {
		t.Errorf("%+v, at first %+v", again, first)
	}
	r.ok("POST", path+"/resign", r.black.token, "", "Idempotency-Key", "2")
	r.refused(422, schemas.CodeKeyReused, "POST", path+"/resign", r.white.token, "", "Idempotency-Key", "1")
}

// After too many refusals, what the instance's state speaks against is not sent. The
// answer is no verdict, so the same command is accepted later.
func TestUnlikelyCommandsDoNotReachKafkaAfterTooManyRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *livegame.Config) { c.RefusedPerSecond = 1 })
	id := r.newGame()
	path := "/v1/games/" + id + "/moves"
	move := func(who person, uci, key string) answer {
		return r.do("POST", path, who.token, moveBody(uci), "Idempotency-Key", key)
	}
	const most = 40
	refused := 0
	for n := range most {
		switch a := move(r.black, "e7e5", fmt.Sprint(n)); a.status {
		case 409:
			refused++
		case 429:
		default:
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if n := r.sent(id, schemas.PlayMove); n != refused || n < 10 || n > most/2 {
		t.Errorf("%d commands reached Kafka, %d were refused there", n, refused)
	}
	if a := move(r.black, "e7e5", "0"); a.status != 409 { // known: its answer is remembered
		t.Errorf("a repeat: %d %s", a.status, a.body)
	}
	r.play(id, 0, "e2e4")
	eventually.True(t, "the instance has read White's move", func() bool { return r.show(id).Ply == 1 })
	if a := move(r.black, "e7e5", fmt.Sprint(most-1)); a.status != 200 { // though the player is not trusted
		t.Errorf("a move that can succeed: %d %s", a.status, a.body)
	}
	if a := move(r.white, "g1f3", "a"); a.status != 200 {
		t.Errorf("the opponent's: %d %s", a.status, a.body)
	}
}

// A player's commands in flight are few, in all their games together.
func TestPlayersCommandsInFlightAreFewInAllGames(t *testing.T) {
	t.Parallel()
	r, stop := newRigToStop(t, answerWithin(limit), func(c *livegame.Config) { c.MaxPerPlayerInFlight = 2 })
	games := []string{r.newGame(), r.newGame(), r.newGame()}
	stop()
	whites := make([]*client, len(games))
	for n, id := range games {
		whites[n] = r.dialAs(id, r.white)
		whites[n].until("state")
		whites[n].send(`{"type":"move","uci":"e2e4","clientMoveId":"1"}`)
		whites[n].send(`{"type":"ping"}`)
		if n < 2 {
			whites[n].until("pong")
		}
	}
	if f, _ := whites[2].until("refused"); f.Code != schemas.CodeRateLimited {
		t.Errorf("%+v", f)
	}
	black := r.dialAs(games[0], r.black)
	black.until("state")
	black.send(`{"type":"resign","clientMoveId":"1"}`)
	r.startProcessor()
	black.until("ack") // the opponent is not limited
	whites[1].until("ack")
	whites[2].until("pong")
	whites[2].send(`{"type":"move","uci":"e2e4","clientMoveId":"1"}`) // it was not sent, so it may be now
	whites[2].until("ack")
}

// A limit for each socket would not bound a player, who may have many.
func TestPaceIsOneForAllSocketsOfAPlayer(t *testing.T) {
	t.Parallel()
	r := newRig(t, messageRate(5))
	answered := 0
	var sockets []*client
	for range 4 {
		c := r.dialAs(r.newGame(), r.white)
		c.until("state")
		sockets = append(sockets, c)
	}
	for _, c := range sockets {
		for range 5 {
			c.send(`{"type":"ping"}`)
		}
		for range 5 {
			if f := c.next(); f.Type == "pong" {
				answered++
			}
		}
	}
	if answered > 15 { // a burst of ten, and a second
		t.Errorf("%d of 20 frames were answered", answered)
	}
}
