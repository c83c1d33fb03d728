package processors

import (
	"testing"

	"tabiya/schemas"
	"tabiya/tables"
)

type noRow struct{}

func (*noRow) Head() schemas.Head { return schemas.Head{} }

var _ tables.Row = (*noRow)(nil)

// What another processor sends while a row is being read may come too late for the
// reading, and nobody sends it again. A client does.
func TestProcessorsCommandsAreRememberedWhileARowIsRead(t *testing.T) {
	t.Parallel()
	var r repairs[*noRow]
	result := schemas.Command{ID: schemas.NewID(), Type: schemas.RecordResult, Key: "p", Actor: schemas.ActorSystem}
	r.refused(result, 1) // stands before the repair in the log, where it is read
	if !r.start(schemas.Command{Key: "p"}) {
		t.Fatal("not started")
	}
	r.refused(result, 2)
	r.refused(schemas.Command{Type: schemas.JoinQueue, Key: "p", Actor: "p"}, 3)
	r.refused(schemas.Command{Type: schemas.RecordResult, Key: "other", Actor: schemas.ActorSystem}, 4)
	if _, done := r.take("p"); done {
		t.Error("taken before it was read")
	}
	r.finish("p", reading[*noRow]{events: 7})
	r.refused(result, 5)
	read, done := r.take("p")
	if !done || read.events != 7 || len(read.late) != 2 || read.late[0].At != 2 || read.late[1].At != 5 || read.late[0].Command.ID != result.ID {
		t.Errorf("taken %t: %+v", done, read)
	}
	r.start(schemas.Command{Key: "p"})
	for range 3 * maxLate {
		r.refused(result, 6)
	}
	r.finish("p", reading[*noRow]{})
	if read, _ := r.take("p"); len(read.late) != maxLate+1 {
		t.Errorf("%d commands are remembered", len(read.late))
	}
}
