package processors_test

import (
	"testing"

	"tabiya/schemas"
)

// A static member that restarts finds its partition again, without waiting for
// its old self's session to run out.
func TestAStaticMemberComesBackAsItself(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	r.Config.InstanceID = "member-0"
	m := r.start()
	first := step("g", stepAsWhite, 1)
	r.send(first)
	r.waitLog(schemas.GameEvents, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	second := step("g", stepAsBlack, 1)
	r.send(second)
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(first, second)
}
