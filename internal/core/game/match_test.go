package game

import (
	"testing"

	"tabiya/schemas"
)

func TestExpiredMatchCreatesNoGame(t *testing.T) {
	t.Parallel()
	g := &harness{t: t, at: epoch}
	p := createPayload()
	p.Deadline = g.at - 1
	g.refused(g.command(schemas.CreateGame, schemas.ActorService, p), schemas.CodeGameOver)
	p.Deadline = g.at
	g.must(g.command(schemas.CreateGame, schemas.ActorService, p))
}

// The queue itself releases the players of an expired match. A second release by the
// game could free a player who has joined again since.
func TestExpiredMatchSendsNoResults(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5 g1f3")
	over := g.must(g.command(schemas.AbortGame, schemas.ActorSystem, nil))[0]
	if over.Type != schemas.GameAborted || over.Payload.(*schemas.GameOver).Termination != schemas.MatchExpired {
		t.Fatalf("%+v", over)
	}
	if got := Consequences(g.state, over); got != nil {
		t.Errorf("%+v", got)
	}
}
