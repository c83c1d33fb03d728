package processors_test

import (
	"testing"

	"tabiya/schemas"
)

// A static member (KIP-345) that restarts gets its partitions at once. It does not
// wait for the session of its previous run to time out.
func TestStaticMemberGetsItsPartitionsBackAfterRestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	r.Config.InstanceID = "member-0"
	m := r.start()
	first := move("g", moveWhite, 1)
	r.send(first)
	r.waitLog(schemas.GameEvents, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	second := move("g", moveBlack, 1)
	r.send(second)
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(first, second)
}
