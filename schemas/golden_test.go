package schemas_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"tabiya/schemas"
)

// -add-golden writes the files of new types. It never overwrites a file, because
// the existing ones are the contract with every reader of the archive.
var addGolden = flag.Bool("add-golden", false, "write the golden files that are missing")

// checkGolden compares value with its golden file.
func checkGolden(t *testing.T, folder, name string, value []byte) {
	t.Helper()
	path := filepath.Join("testdata", folder, name+".json")
	want, err := os.ReadFile(path)
	if os.IsNotExist(err) && *addGolden {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(value, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatalf("read golden file of %s (go test ./schemas -add-golden writes a new one): %v", name, err)
	}
	if got := string(value) + "\n"; got != string(want) {
		t.Errorf("%s is encoded as\n%s\nwant the golden file's\n%s", name, got, want)
	}
}

func TestCommandsMatchGoldenFiles(t *testing.T) {
	t.Parallel()
	seen := map[schemas.CommandType]bool{}
	for _, c := range commands() {
		seen[c.Type] = true
		r := c.Record()
		checkGolden(t, "commands", string(c.Type), r.Value)
		again, err := schemas.DecodeCommand(r.Value)
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%s was decoded as %+v: %v", c.Type, again, err)
		}
		if r.Key != c.Key || r.Type != string(c.Type) || r.Region != "eu" || !strings.HasSuffix(r.Topic, "-commands") {
			t.Errorf("%s: record %+v", c.Type, r)
		}
	}
	for _, ct := range schemas.CommandTypes() {
		if !seen[ct] {
			t.Errorf("command %s has no sample in samples_test.go", ct)
		}
	}
	for name, c := range commandVariants() {
		r := c.Record()
		checkGolden(t, "commands", name, r.Value)
		if again, err := schemas.DecodeCommand(r.Value); err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%s was decoded as %+v: %v", name, again, err)
		}
	}
	checkGoldenCount(t, "commands", len(schemas.CommandTypes())+len(commandVariants()))
}

func TestEventsMatchGoldenFiles(t *testing.T) {
	t.Parallel()
	seen := map[schemas.EventType]bool{}
	for _, ev := range events() {
		seen[ev.Type] = true
		r := ev.Record()
		checkGolden(t, "events", string(ev.Type), r.Value)
		again, err := schemas.DecodeEvent(r.Value)
		if err != nil || !reflect.DeepEqual(again, ev) {
			t.Errorf("%s was decoded as %+v: %v", ev.Type, again, err)
		}
		if r.Key != ev.Key || r.Type != string(ev.Type) || r.Region != "eu" || !strings.HasSuffix(r.Topic, "-events") {
			t.Errorf("%s: record %+v", ev.Type, r)
		}
	}
	for _, et := range schemas.EventTypes() {
		if !seen[et] {
			t.Errorf("event %s has no sample in samples_test.go", et)
		}
	}
	for name, ev := range eventVariants() {
		r := ev.Record()
		checkGolden(t, "events", name, r.Value)
		if again, err := schemas.DecodeEvent(r.Value); err != nil || !reflect.DeepEqual(again, ev) {
			t.Errorf("%s was decoded as %+v: %v", name, again, err)
		}
	}
	checkGoldenCount(t, "events", len(schemas.EventTypes())+len(eventVariants()))
}

func TestRepliesMatchGoldenFiles(t *testing.T) {
	t.Parallel()
	for _, r := range replies() {
		record := r.Record()
		checkGolden(t, "replies", string(r.Type), record.Value)
		again, err := schemas.DecodeReply(record.Value)
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%s was decoded as %+v: %v", r.Type, again, err)
		}
		if record.Topic != schemas.CommandReplies || record.Key != r.Key {
			t.Errorf("%s: record %+v", r.Type, record)
		}
	}
	for name, r := range replyVariants() {
		record := r.Record()
		checkGolden(t, "replies", name, record.Value)
		if again, err := schemas.DecodeReply(record.Value); err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%s was decoded as %+v: %v", name, again, err)
		}
	}
	checkGoldenCount(t, "replies", len(replies())+len(replyVariants()))
}

// checkGoldenCount fails if a golden file has no sample: a type is never removed.
func checkGoldenCount(t *testing.T, folder string, samples int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != samples {
		t.Errorf("%s has %d golden files, want %d, one for each sample", folder, len(files), samples)
	}
}

// Records in the archive must stay readable forever, whatever the samples say today.
func TestEveryGoldenFileDecodesAndEncodesBack(t *testing.T) {
	t.Parallel()
	for folder, decode := range map[string]func([]byte) (schemas.Message, error){
		"commands": func(b []byte) (schemas.Message, error) { return schemas.DecodeCommand(b) },
		"events":   func(b []byte) (schemas.Message, error) { return schemas.DecodeEvent(b) },
		"replies":  func(b []byte) (schemas.Message, error) { return schemas.DecodeReply(b) },
	} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: found %d files: %v", folder, len(files), err)
		}
		for _, path := range files {
			value, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			m, err := decode(value)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			if again := string(m.Record().Value) + "\n"; again != string(value) {
				t.Errorf("%s is encoded again as\n%s", path, again)
			}
		}
	}
}

func TestDecodeIgnoresUnknownFields(t *testing.T) {
	t.Parallel()
	value := strings.Replace(string(commands()[15].Record().Value), `{"commandId"`, `{"later":[1],"commandId"`, 1)
	if c, err := schemas.DecodeCommand([]byte(value)); err != nil || !reflect.DeepEqual(c, commands()[15]) {
		t.Errorf("%+v: %v", c, err)
	}
}
