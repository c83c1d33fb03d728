// Package law holds the import law of ARCHITECTURE.md as a test: data moves
// only through topics, left to right; imports point only down, to schemas/.
package law

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "tabiya/"

// rule allows a room (a folder and all below it) its imports within the
// project. A room may always import itself, and of a folder that it lies in only
// what is in that folder itself: not the rooms beside it.
type rule struct {
	room string
	may  []string
	why  string
}

// The first rule whose room a package is in holds, so inner rooms come first.
var rules = []rule{
	{"schemas", nil, "the language is spoken by all and knows nobody"},

	{"internal/core/rules", []string{"schemas"}, "pure core: chess alone"},
	{"internal/core/clock", []string{"schemas"}, "pure core: arithmetic on broker time"},
	{"internal/core/rating", []string{"schemas"}, "pure core: Glicko-2"},
	{"internal/core/pairing", []string{"schemas"}, "pure core: who plays whom"},
	{"internal/core/game", []string{"schemas", "internal/core/rules", "internal/core/clock", "internal/core/rating"}, "the game aggregate is rules, clocks and events, no I/O"},
	{"internal/core/player", []string{"schemas", "internal/core/rating"}, "the player aggregate is seat and ratings, no I/O"},
	{"internal/core/queue", []string{"schemas", "internal/core/pairing"}, "the queue aggregate is tickets and matches, no I/O"},
	{"internal/core/pgn", []string{"schemas", "internal/core/rules"}, "PGN is read and written in terms of the rules"},
	{"internal/auth", []string{"schemas"}, "tokens name players"},
	{"internal/httpx", []string{"schemas", "internal/auth"}, "problem documents carry the codes of schemas"},
	{"internal/kafka", []string{"schemas"}, "the adapter moves messages and knows the topics"},
	{"internal/postgres", nil, "the adapter knows SQL, not chess"},
	{"internal/objstore", nil, "the adapter knows objects, not what is in them"},
	{"internal/await", []string{"schemas", "internal/kafka"}, "answers are found by reading the log back"},
	{"internal/embedded", []string{"internal/kafka", "internal/objstore", "internal/postgres"}, "the embedded parts are what those adapters talk to"},
	{"internal/client", []string{"schemas"}, "an app: it knows the public API and the codes, not the server"},
	{"internal/replay", []string{"schemas", "internal/core/pgn", "internal/core/rules", "internal/client"}, "a client: it knows the public API and PGN, not the server"},
	{"internal/readiness", nil, "it counts failures of a dependency that it does not know"},
	{"internal/supervise", nil, "it knows parts by name alone"},

	{"tables", []string{"schemas", "internal/core/game", "internal/core/player", "internal/core/queue", "internal/kafka"}, "a table is an aggregate's row on a topic"},

	{"processors/players", []string{"processors", "schemas", "tables", "internal/core/player", "internal/kafka"}, "one group, one aggregate; never another processor"},
	{"processors/matchmaking", []string{"processors", "schemas", "tables", "internal/core/queue", "internal/kafka"}, "one group, one aggregate; never another processor"},
	{"processors/games", []string{"processors", "schemas", "tables", "internal/core/game", "internal/kafka"}, "one group, one aggregate; never another processor"},
	{"processors", []string{"schemas", "tables", "internal/kafka", "internal/readiness"}, "the shape of all processors knows none of them"},

	{"services/account", []string{"schemas", "tables", "internal/core/player", "internal/auth", "internal/httpx", "internal/kafka", "internal/postgres", "internal/readiness"}, "accounts are in Postgres, players in their table"},
	{"services/matchmaking", []string{"schemas", "tables", "internal/core/player", "internal/core/queue", "internal/auth", "internal/httpx", "internal/kafka", "internal/await", "internal/readiness"}, "sends commands, reads tables and events"},
	{"services/livegame", []string{"schemas", "tables", "internal/core/game", "internal/core/player", "internal/auth", "internal/httpx", "internal/kafka", "internal/await", "internal/readiness"}, "sends commands, folds events with the processor's own Apply"},
	{"services/history", []string{"schemas", "internal/auth", "internal/httpx", "internal/core/pgn", "internal/postgres", "internal/readiness"}, "reads Postgres alone: no table, no topic"},
	{"services/openapi", nil, "a document"},

	{"sinks/postgres", []string{"schemas", "internal/kafka", "internal/postgres", "internal/readiness", "sinks/events", "sinks/intake", "sinks/outage", "sinks/tally"}, "rows of events; never another sink"},
	{"sinks/raw", []string{"sinks/archive"}, "the log's own bytes; never another sink"},
	{"sinks/parquet", []string{"schemas", "sinks/archive", "sinks/events"}, "columns of events; never another sink"},
	{"sinks", []string{"schemas", "internal/kafka", "internal/objstore", "internal/readiness"}, "sinks see events, never tables, services or processors"},

	{"benchmarks", []string{"internal", "schemas", "processors", "services", "sinks", "tables"}, "black-box load beside the parts it measures; nobody imports it"},
	{"test", []string{"internal", "schemas"}, "drives the built program from outside"},
	{"cmd", []string{"internal", "schemas", "processors", "services", "sinks", "tables"}, "the wiring; nobody imports it"},
	{"internal/law", nil, "this test"},
}

// keepers are the libraries that one room alone may touch.
var keepers = []struct {
	library string
	rooms   []string
	why     string
}{
	{"github.com/notnil/chess", []string{"internal/core/rules"}, "its traps are dealt with once"},
	{"github.com/lovoo/goka", []string{"processors", "internal/kafka"}, "processors are thin: the cores and the services do not know Goka"},
	{"github.com/IBM/sarama", []string{"internal/kafka", "processors"}, "Goka's client, nobody else's"},
	{"github.com/twmb/franz-go/pkg/kfake", []string{"internal/embedded", "internal/kafka"}, "nobody else knows whether the broker is embedded"},
	{"github.com/versity/versitygw", []string{"internal/embedded"}, "nobody else knows whether the store is embedded"},
	{"github.com/fergusstrange/embedded-postgres", []string{"internal/embedded"}, "nobody else knows whether the database is embedded"},
	{"github.com/aws/aws-sdk-go-v2", []string{"internal/objstore"}, "one adapter to S3"},
	{"github.com/jackc/pgx/v5", []string{"internal/postgres", "services/account", "services/history", "sinks/postgres"}, "who owns tables in Postgres"},
	{"github.com/gin-gonic/gin", []string{"internal/httpx", "services", "cmd"}, "HTTP stays in the services"},
	{"github.com/parquet-go/parquet-go", []string{"sinks/parquet"}, "one writer of Parquet"},
}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func within(path, room string) bool { return path == room || strings.HasPrefix(path, room+"/") }

// allows reports whether the room may import target.
func (r rule) allows(target string) bool {
	if within(target, r.room) {
		return true
	}
	for _, may := range r.may {
		if target == may || within(target, may) && !within(r.room, may) {
			return true
		}
	}
	return false
}

func anyWithin(path string, rooms []string) bool {
	for _, r := range rooms {
		if within(path, r) {
			return true
		}
	}
	return false
}

// forTests are packages that only tests may import: the real broker, fixtures.
func forTests(path string) bool {
	return strings.HasSuffix(path, "test") || strings.HasSuffix(path, "/realkafka")
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		if forTests(path) {
			continue
		}
		r, ok := ruleFor(path)
		if !ok {
			t.Errorf("%s is in no room: give it a rule with a reason", path)
			continue
		}
		for _, imported := range p.Imports {
			target, ours := strings.CutPrefix(imported, module)
			switch {
			case !ours:
			case forTests(target):
				t.Errorf("%s imports %s, which is for tests", path, target)
			case !r.allows(target):
				t.Errorf("%s imports %s: %s", path, target, r.why)
			}
		}
	}
}

func TestARuleAllowsNoRoomBeside(t *testing.T) {
	for _, c := range []struct {
		path, imports string
		may           bool
	}{
		{"processors/games", "processors", true},
		{"processors/games", "processors/players", false},
		{"processors/games", "tables", true},
		{"processors", "processors/games", true}, // its own room: only Go's ban on cycles speaks against it
		{"sinks/raw", "sinks/archive", true},
		{"sinks/raw", "sinks/postgres", false},
		{"sinks/raw", "tables", false},
		{"services/livegame", "services/account", false},
		{"internal/core/game", "internal/kafka", false},
		{"cmd/tabiya", "processors/games", true},
	} {
		r, ok := ruleFor(c.path)
		if !ok || r.allows(c.imports) != c.may {
			t.Errorf("%s may import %s: %v", c.path, c.imports, !c.may)
		}
	}
}

func ruleFor(path string) (rule, bool) {
	for _, r := range rules {
		if within(path, r.room) {
			return r, true
		}
	}
	return rule{}, false
}

func TestALibraryIsTouchedInItsRoomAlone(t *testing.T) {
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		if forTests(path) || within(path, "benchmarks") {
			continue
		}
		for _, k := range keepers {
			for _, imported := range p.Imports {
				if within(imported, k.library) && !anyWithin(path, k.rooms) {
					t.Errorf("%s imports %s: %s", path, imported, k.why)
				}
			}
		}
	}
}
