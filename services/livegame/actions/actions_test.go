package actions

import (
	"encoding/json"
	"testing"

	"tabiya/schemas"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/pending"
)

func TestAnswerIsJSONWithTheEvent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		standing held.Standing
		want     string
	}{
		{"running", held.Standing{Plies: 1, Result: schemas.NoResult},
			`{"id":"g","seq":3,"ply":1,"result":"*","event":{"type":"MoveMade"}}`},
		{"over", held.Standing{Plies: 4, Result: schemas.BlackWins, Termination: "checkmate"},
			`{"id":"g","seq":3,"ply":4,"result":"0-1","termination":"checkmate","event":{"type":"MoveMade"}}`},
		{"rematch", held.Standing{Plies: 4, Result: schemas.BlackWins, Termination: "checkmate", Rematch: "r"},
			`{"id":"g","seq":3,"ply":4,"result":"0-1","termination":"checkmate","rematch":"r","event":{"type":"MoveMade"}}`},
	} {
		got := answer("g", pending.Outcome{Seq: 3, Standing: tt.standing, Envelope: []byte(`{"type":"MoveMade"}`)})
		if string(got) != tt.want || !json.Valid(got) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// Only a verdict counts against the player: what may be sent again does not.
func TestOnlyRefusalsForGoodAreVerdicts(t *testing.T) {
	t.Parallel()
	for code, want := range map[schemas.Code]bool{
		"":                         false,
		schemas.CodeNotYourTurn:    true,
		schemas.CodeGameOver:       true,
		schemas.CodeGameNotFound:   true,
		schemas.CodeRateLimited:    false,
		schemas.CodeUnavailable:    false,
		schemas.CodeOutcomeUnknown: false,
		schemas.CodeQuarantined:    false,
	} {
		if got := isVerdict(code); got != want {
			t.Errorf("%q: %t, want %t", code, got, want)
		}
	}
}
