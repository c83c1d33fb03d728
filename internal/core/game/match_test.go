package game

import (
	"testing"

	"tabiya/schemas"
)

func TestAMatchThatItsQueueGaveUpMakesNoGame(t *testing.T) {
	t.Parallel()
	g := &table{t: t, at: epoch}
	p := createPayload()
	p.Deadline = g.at - 1
	g.refused(g.command(schemas.CreateGame, schemas.ActorService, p), schemas.CodeGameOver)
	p.Deadline = g.at
	g.must(g.command(schemas.CreateGame, schemas.ActorService, p))
}

// A seat that was free for a moment could be taken twice: the queue alone tells
// the seats of a match that it gave up.
func TestAMatchThatItsQueueGaveUpFreesNoSeat(t *testing.T) {
	t.Parallel()
	g := newTable(t)
	g.playAll("e2e4 e7e5 g1f3")
	over := g.must(g.command(schemas.AbortGame, schemas.ActorSystem, nil))[0]
	if over.Type != schemas.GameAborted || over.Payload.(*schemas.GameOver).Termination != schemas.MatchExpired {
		t.Fatalf("%+v", over)
	}
	if got := Consequences(g.state, over); got != nil {
		t.Errorf("%+v", got)
	}
}
