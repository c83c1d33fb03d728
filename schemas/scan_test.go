package schemas

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// goldens returns the golden files of a folder by path.
func goldens(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d golden files: %v", len(files), err)
	}
	values := make(map[string][]byte)
	for _, path := range files {
		value, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		values[path] = bytes.TrimSuffix(value, []byte{'\n'})
	}
	return values
}

func TestScannerTakesMovesAndTerminalEvents(t *testing.T) {
	t.Parallel()
	for path, value := range goldens(t, "events") {
		ev, err := readEvent(value)
		if err != nil {
			t.Fatal(err)
		}
		ascii := strings.ReplaceAll(string(value), "Łukasz", "Lukasz") // the scanner reads ASCII only
		if _, _, ok := scanEvent(ascii); ok != (ev.Type == MoveMade || ev.Type.Terminal()) {
			t.Errorf("%s: scanEvent returned ok %v", path, ok)
		}
	}
	for path, value := range goldens(t, "commands") {
		cmd, err := readCommand(value)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := scanCommand(string(value)); ok != (cmd.Type == PlayMove) {
			t.Errorf("%s: scanCommand returned ok %v", path, ok)
		}
	}
}

// Whatever the scanner decodes, encoding/json decodes to the same event.
func FuzzScanEventAgreesWithJSON(f *testing.F) {
	for _, value := range goldens(f, "events") {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		got, payload, ok := scanEvent(string(value))
		if !ok {
			return
		}
		want, err := readEvent(value)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("scanned\n%+v, not\n%+v, %v", got, want, err)
		}
		if !bytes.HasSuffix(value, []byte(`,"payload":`+payload+`}`)) {
			t.Fatalf("scanned payload %s of %s", payload, value)
		}
	})
}

func FuzzScanCommandAgreesWithJSON(f *testing.F) {
	for _, value := range goldens(f, "commands") {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		got, ok := scanCommand(string(value))
		if !ok {
			return
		}
		if want, err := readCommand(value); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("scanned\n%+v, not\n%+v, %v", got, want, err)
		}
	})
}

func TestValidIDAcceptsOnlyCanonicalUUIDs(t *testing.T) {
	t.Parallel()
	id := NewID()
	if !ValidID(id) || !ValidID(EventID(id, 1)) {
		t.Fatalf("ValidID rejects NewID's %q or its EventID", id)
	}
	for _, s := range []string{"", id[1:], id + "0", "{" + id[1:35] + "}", id[:35] + "g", id[:35] + "F", id[:35] + "/", id[:35] + ":",
		id[:35] + "`", id[:8] + "0" + id[9:], id[:35] + "-", "urn:uuid:" + id} {
		if ValidID(s) {
			t.Errorf("ValidID accepts %q", s)
		}
	}
}
