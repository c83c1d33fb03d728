package players

import (
	"testing"

	"tabiya/processors"
	"tabiya/schemas"
)

// A queue recognizes a repeated command by its origin: the position in player-commands
// of the command that led to it.
func TestQueueCommandsCarryTheirOrigin(t *testing.T) {
	t.Parallel()
	c := core{}
	const id = "0190b3a1-0000-7000-8000-00000000000a"
	command := func(n int64, ct schemas.CommandType, payload any) schemas.Command {
		return schemas.Command{ID: schemas.DerivedID(id, "test", n), Type: ct, Key: id, Region: "eu", Actor: id, Payload: payload}
	}
	row, changed, _ := c.Decide(nil, command(1, schemas.RegisterPlayer, &schemas.RegisterPlayerPayload{Handle: "anna"}),
		processors.Circumstances{At: 1, Origin: schemas.Origin{Offset: 40}})
	if !changed || row.Head() != (schemas.Head{Version: 1, Offset: 40}) {
		t.Fatalf("the row is %+v", row)
	}
	join := command(2, schemas.JoinQueue, &schemas.JoinQueuePayload{Queue: "eu/3+0/0"})
	want := schemas.Origin{Partitions: 8, Partition: 5, Offset: 41}
	in := processors.Circumstances{At: 2, Origin: want}
	row, _, out := c.Decide(row, join, in)
	for _, messages := range [][]schemas.Message{out, c.Replay(row, join, in)} {
		if got := messages[0].(schemas.Command).Payload.(*schemas.EnterQueuePayload).Origin; got != want {
			t.Errorf("origin is %+v, want %+v", got, want)
		}
	}
	if _, _, _, ok := c.NextTimer(id, row); ok {
		t.Error("the player has a timer, want none")
	}
}
