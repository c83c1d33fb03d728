package tables_test

import (
	"testing"

	"tabiya/tables"
)

// A processor whose first command is yet to come marks the tombstones that it repeats with -1.
func TestTombstoneOfNoCommandNamesNoCommand(t *testing.T) {
	t.Parallel()
	g := tables.NewGuard(0)
	for _, offset := range []string{"-1", "-1"} {
		if !g.AcceptTombstone("k", nil, []byte(offset)) {
			t.Fatalf("the tombstone at %s was not accepted", offset)
		}
	}
	if offset, ok := g.DeletedBy("k"); !ok || offset != -1 {
		t.Errorf("deleted by the command at %d (%t), want -1", offset, ok)
	}
	g.AcceptTombstone("k", nil, []byte("7"))
	if offset, _ := g.DeletedBy("k"); offset != 7 {
		t.Errorf("deleted by the command at %d, want 7", offset)
	}
}
