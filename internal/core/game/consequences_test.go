package game

import (
	"reflect"
	"testing"

	"tabiya/schemas"
)

func types(commands []schemas.Command) (out []schemas.CommandType) {
	for _, c := range commands {
		out = append(out, c.Type)
		c.Record() // panics on a payload that is not its type's
	}
	return out
}

func TestConsequences(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	if got := Consequences(g.state, g.events[0]); got != nil {
		t.Errorf("of GameCreated: %v", got)
	}
	commands := Consequences(g.state, g.events[1])
	if want := []schemas.CommandType{schemas.SeatInGame, schemas.SeatInGame, schemas.ConfirmMatch}; !reflect.DeepEqual(types(commands), want) {
		t.Fatalf("of GameStarted: %v", types(commands))
	}
	if p := commands[1].Payload.(*schemas.SeatInGamePayload); commands[1].Key != blackID || p.Attempt != 3 || commands[2].Key != "eu/5+3/0" {
		t.Errorf("%+v", commands)
	}
	g.playAll("e2e4 e7e5")
	if got := Consequences(g.state, g.events[2]); got != nil {
		t.Errorf("of a move: %v", got)
	}
	over := g.must(g.command(schemas.Resign, whiteID, nil))[0]
	commands = Consequences(g.state, over)
	if want := []schemas.CommandType{schemas.RecordResult, schemas.RecordResult}; !reflect.DeepEqual(types(commands), want) {
		t.Fatalf("of the end: %v", types(commands))
	}
	white, black := commands[0].Payload.(*schemas.RecordResultPayload), commands[1].Payload.(*schemas.RecordResultPayload)
	if !white.Rated || white.Score != 0 || black.Score != 1 || white.Opponent.PlayerID != blackID || commands[0].Key != whiteID || commands[0].ID == commands[1].ID {
		t.Errorf("%+v %+v", white, black)
	}
	if again := Consequences(nil, throughWire(t, over)); !reflect.DeepEqual(again, commands) {
		t.Error("the commands depend on the state")
	}
}

func TestWhichResultsAreSentAndWhichAreRated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		queue        string
		rated        bool
		plies        int
		result       schemas.Result
		sent, counts bool
	}{
		{"queue, rated", "eu/5+3/0", true, 2, schemas.Draw, true, true},
		{"queue, too short", "eu/5+3/0", true, 1, schemas.WhiteWins, true, false},
		{"queue, aborted", "eu/5+3/0", true, 0, schemas.NoResult, true, false},
		{"queue, casual", "eu/5+3/0", false, 9, schemas.Draw, true, false},
		{"service, rated", "", true, 9, schemas.Draw, true, true},
		{"service, casual", "", false, 9, schemas.Draw, false, false},
		{"service, aborted", "", true, 9, schemas.NoResult, false, false},
	} {
		p := createPayload()
		ev := schemas.Event{Type: schemas.GameEnded, Key: gameID, Seq: 9, Payload: &schemas.GameOver{White: p.White, Black: p.Black, Queue: c.queue, Rated: c.rated, Plies: c.plies, Result: c.result}}
		commands := Consequences(nil, ev)
		if (len(commands) == 2) != c.sent || c.sent && commands[0].Payload.(*schemas.RecordResultPayload).Rated != c.counts {
			t.Errorf("%s: %+v", c.name, commands)
		}
	}
	if got := Consequences(&State{}, schemas.Event{Payload: &schemas.GameStartedPayload{}}); got != nil {
		t.Errorf("a service's game started: %v", got)
	}
}
