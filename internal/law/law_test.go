// Package law tests the import rules of ARCHITECTURE.md: data moves only through
// topics, left to right; imports point only down, to schemas/.
package law

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "tabiya/"

// rule lists the project's packages that a layer, which is a folder and everything
// below it, may import. A layer may always import itself. If mayImport names a
// folder that contains the layer, only the package in that folder itself is allowed,
// not the layers beside.
type rule struct {
	layer     string
	mayImport []string
	why       string
}

// The first rule whose layer contains a package applies, so inner layers come first.
var rules = []rule{
	{"schemas", nil, "everything imports schemas, so it imports nothing of the project"},

	{"internal/core/rules", []string{"schemas"}, "pure core: the rules of chess"},
	{"internal/core/clock", []string{"schemas"}, "pure core: arithmetic on broker time"},
	{"internal/core/outage", []string{"schemas"}, "pure core: when nobody could move, from the pulses of a partition"},
	{"internal/core/rating", []string{"schemas"}, "pure core: Glicko-2"},
	{"internal/core/pairing", []string{"schemas"}, "pure core: whom to pair with whom"},
	{"internal/core/game/row", []string{"schemas", "internal/core/rules", "internal/core/clock"}, "the row format knows nothing of the aggregate that is stored in it"},
	{"internal/core/game", []string{"schemas", "internal/core/rules", "internal/core/clock", "internal/core/outage", "internal/core/rating"}, "pure core: the game aggregate is rules, clocks and events, no I/O"},
	{"internal/core/player", []string{"schemas", "internal/core/rating"}, "pure core: the player aggregate is seat and ratings, no I/O"},
	{"internal/core/queue", []string{"schemas", "internal/core/pairing"}, "pure core: the queue aggregate is tickets and matches, no I/O"},
	{"internal/core/pgn", []string{"schemas", "internal/core/rules"}, "pure core: PGN needs the rules to read and write moves"},
	{"internal/auth", []string{"schemas"}, "tokens contain player ids, defined in schemas"},
	{"internal/httpx", []string{"schemas", "internal/auth"}, "problem documents contain the error codes of schemas"},
	{"internal/kafka", []string{"schemas"}, "the adapter knows messages and topics, not what they mean"},
	{"internal/postgres", nil, "the adapter knows SQL, not chess"},
	{"internal/objstore", nil, "the adapter knows objects, not what is in them"},
	{"internal/sessions", []string{"schemas", "internal/auth", "internal/kafka"}, "it reads from the log which tokens have ended"},
	{"internal/await", []string{"schemas", "internal/kafka"}, "it finds the answer to a command by reading the log"},
	{"internal/embedded", []string{"internal/kafka", "internal/objstore", "internal/postgres"}, "it starts the servers that these adapters connect to"},
	{"internal/client", []string{"schemas"}, "it knows the public API and the error codes, not the server's code"},
	{"internal/replay", []string{"schemas", "internal/core/pgn", "internal/core/rules", "internal/client"}, "it knows the public API and PGN, not the server's code"},
	{"internal/supervise", nil, "it runs any function and knows no service, processor or sink"},
	{"internal/readiness", nil, "it counts failures of checks that it does not know"},
	{"internal/ratelimit", nil, "it counts for keys that it does not know"},
	{"internal/retry", nil, "it knows dependencies by name alone"},

	{"tables", []string{"schemas", "internal/core/game", "internal/core/outage", "internal/core/player", "internal/core/queue", "internal/kafka"}, "a table stores the state of an aggregate as a row on a topic"},

	{"processors/players", []string{"processors", "schemas", "tables", "internal/core/player", "internal/kafka"}, "one group, one aggregate; never another processor"},
	{"processors/matchmaking", []string{"processors", "schemas", "tables", "internal/core/queue", "internal/kafka"}, "one group, one aggregate; never another processor"},
	{"processors/games", []string{"processors", "schemas", "tables", "internal/core/game", "internal/core/outage", "internal/kafka"}, "one group, one aggregate; never another processor"},
	{"processors", []string{"schemas", "tables", "internal/core/outage", "internal/kafka", "internal/readiness"}, "the framework of all processors knows none of them"},

	{"services/account/fields", nil, "checks text: it knows no account and no request"},
	{"services/account/passwords", nil, "hashes and counts: it knows no account and no request"},
	{"services/account/relay", []string{"schemas", "internal/postgres"}, "publishes rows of the outbox: it knows no account"},
	{"services/account/ratings", []string{"schemas", "internal/httpx", "internal/postgres", "internal/ratelimit"}, "leaderboards and ratings over time, from Postgres; it knows no account but its id"},
	{"services/account/recovery", []string{"schemas", "tables", "internal/core/player", "internal/kafka", "internal/postgres"}, "accounts from what the log says of their players; no HTTP"},
	{"services/account", []string{"schemas", "tables", "internal/core/player", "internal/auth", "internal/httpx", "internal/kafka", "internal/postgres", "internal/ratelimit", "internal/readiness"}, "accounts are in Postgres, players in the players table"},
	{"services/matchmaking/leases", []string{"schemas", "internal/core/queue"}, "who is here, against the rows of the queues: no HTTP"},
	{"services/matchmaking/subscriptions", []string{"schemas", "internal/core/player"}, "what players are told: no HTTP, no Kafka"},
	{"services/matchmaking", []string{"schemas", "tables", "internal/core/player", "internal/core/queue", "internal/auth", "internal/httpx", "internal/kafka", "internal/await", "internal/ratelimit", "internal/readiness", "services/matchmaking/leases", "services/matchmaking/subscriptions"}, "sends commands, reads tables and events"},
	{"services/livegame/outbox", nil, "one client's queue: it knows no game"},
	{"services/livegame/wsconn", []string{"services/livegame/outbox"}, "one connection: it knows no game and no frame's meaning"},
	{"services/livegame/limits", []string{"schemas", "internal/ratelimit", "services/livegame/outbox"}, "counts connections and requests"},
	{"services/livegame/availability", []string{"schemas", "internal/readiness"}, "whether commands can be answered"},
	{"services/livegame/held", []string{"schemas", "internal/core/game", "services/livegame/outbox"}, "folds events with the processor's own Apply; no HTTP, no Kafka"},
	{"services/livegame/pending", []string{"schemas", "internal/core/game", "services/livegame/availability", "services/livegame/held"}, "commands that wait for their events"},
	{"services/livegame/presence", []string{"schemas", "internal/core/game", "services/livegame/availability", "services/livegame/held"}, "who is connected to the held games"},
	{"services/livegame/standstill", []string{"schemas", "internal/core/game", "internal/core/outage", "services/livegame/held", "services/livegame/outbox"}, "whether the clocks of the held games run"},
	{"services/livegame/finished", []string{"schemas", "tables", "internal/core/game", "internal/kafka", "services/livegame/held"}, "games no longer held, from rows and log"},
	{"services/livegame/follower", []string{"schemas", "tables", "internal/kafka", "services/livegame/held", "services/livegame/outbox"}, "reads the topics into the held games"},
	{"services/livegame/protocol", []string{"schemas", "internal/core/game", "internal/httpx", "services/livegame/held", "services/livegame/outbox"}, "bodies and frames: no Kafka, no handler"},
	{"services/livegame/eventstream", []string{"internal/core/game", "internal/httpx", "services/livegame/outbox"}, "writes streams"},
	{"services/livegame/lookup", []string{"schemas", "internal/core/game", "internal/core/player", "internal/httpx", "services/livegame/availability", "services/livegame/finished", "services/livegame/held", "services/livegame/outbox"}, "finds the game, and the player, that a request names"},
	{"services/livegame/actions", []string{"schemas", "internal/core/game", "internal/core/player", "internal/httpx", "services/livegame/availability", "services/livegame/finished", "services/livegame/held", "services/livegame/limits", "services/livegame/lookup", "services/livegame/pending", "services/livegame/presence", "services/livegame/protocol"}, "players' moves and other actions as commands; it knows no socket"},
	{"services/livegame/newgame", []string{"schemas", "internal/core/game", "internal/core/player", "internal/httpx", "services/livegame/availability", "services/livegame/held", "services/livegame/lookup", "services/livegame/pending", "services/livegame/protocol"}, "services' requests for games as commands"},
	{"services/livegame/tvstream", []string{"schemas", "internal/core/game", "services/livegame/eventstream", "services/livegame/held", "services/livegame/outbox", "services/livegame/protocol"}, "streams the game that a speed shows"},
	{"services/livegame", []string{"schemas", "internal/core/game", "internal/core/player", "internal/auth", "internal/httpx", "internal/kafka"}, "routes, handlers and wiring of the packages below it"},
	{"services/history", []string{"schemas", "internal/auth", "internal/httpx", "internal/core/pgn", "internal/postgres", "internal/readiness"}, "reads only Postgres: no table, no topic"},
	{"services/openapi", []string{"schemas"}, "it serves the API document, which has the schemas of events"},

	{"web", nil, "it only serves the files of the chess app, which knows the public API alone"},

	{"sinks/postgres", []string{"schemas", "internal/kafka", "internal/postgres", "internal/readiness", "internal/retry", "sinks/consumer", "sinks/events", "sinks/metrics"}, "writes events as rows; never another sink"},
	{"sinks/raw", []string{"sinks/archive"}, "writes the bytes of the log; never another sink"},
	{"sinks/parquet", []string{"schemas", "sinks/archive", "sinks/events"}, "writes events as columns; never another sink"},
	{"sinks", []string{"schemas", "internal/kafka", "internal/objstore", "internal/readiness", "internal/retry"}, "sinks read events, never tables, services or processors"},

	{"benchmarks", []string{"internal", "schemas", "processors", "services", "sinks", "tables"}, "measures the program and its packages; nothing may import it"},
	{"test", []string{"internal", "schemas"}, "drives the built program from outside"},
	{"cmd", []string{"internal", "schemas", "processors", "services", "sinks", "tables", "web"}, "the wiring; nothing may import it"},
	{"scripts", []string{"schemas", "internal/core/pgn", "internal/core/rules"}, "tools for developers; nothing may import them"},
	{"internal/law", nil, "this test"},
}

// libraryRules list the layers that may import a library directly.
var libraryRules = []struct {
	library string
	layers  []string
	why     string
}{
	{module + "internal/core/game/row", []string{"internal/core/game"}, "others read and write rows through game.AppendBody and game.DecodeBody"},
	{"github.com/notnil/chess", []string{"internal/core/rules"}, "its bugs are worked around in one place"},
	{"github.com/lovoo/goka", []string{"processors", "internal/kafka"}, "only processors run on Goka"},
	{"github.com/IBM/sarama", []string{"internal/kafka", "processors"}, "Goka needs it; everything else uses franz-go"},
	{"github.com/twmb/franz-go/pkg/kfake", []string{"internal/embedded", "internal/kafka"}, "other code must not depend on whether the broker is embedded"},
	{"github.com/versity/versitygw", []string{"internal/embedded"}, "other code must not depend on whether the object store is embedded"},
	{"github.com/fergusstrange/embedded-postgres", []string{"internal/embedded"}, "other code must not depend on whether the database is embedded"},
	{"github.com/aws/aws-sdk-go-v2", []string{"internal/objstore"}, "objstore is the only adapter to S3"},
	{"github.com/jackc/pgx/v5", []string{"internal/postgres", "services/account", "services/history", "sinks/postgres", "test"}, "only these use tables in Postgres"},
	{"github.com/gin-gonic/gin", []string{"internal/httpx", "services", "cmd"}, "only services speak HTTP"},
	{"github.com/parquet-go/parquet-go", []string{"sinks/parquet", "test"}, "only this sink writes Parquet; tests read it"},
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

func within(path, layer string) bool { return path == layer || strings.HasPrefix(path, layer+"/") }

// allows reports whether the rule's layer may import target.
func (r rule) allows(target string) bool {
	if within(target, r.layer) {
		return true
	}
	for _, allowed := range r.mayImport {
		if target == allowed || within(target, allowed) && !within(r.layer, allowed) {
			return true
		}
	}
	return false
}

func withinAny(path string, layers []string) bool {
	return slices.ContainsFunc(layers, func(layer string) bool { return within(path, layer) })
}

// onlyForTests reports whether only test code may import a package, such as the
// real broker, a fixture or polling.
func onlyForTests(path string) bool {
	return strings.HasSuffix(path, "test") || path == "internal/kafka/realkafka" || path == "internal/eventually"
}

func TestPackagesImportOnlyWhatTheirLayerMay(t *testing.T) {
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		if onlyForTests(path) {
			continue
		}
		r, ok := ruleFor(path)
		if !ok {
			t.Errorf("package %s belongs to no layer: add a rule for it, with a reason, to internal/law/law_test.go", path)
			continue
		}
		for _, imported := range p.Imports {
			target, ours := strings.CutPrefix(imported, module)
			switch {
			case !ours:
			case onlyForTests(target):
				t.Errorf("package %s imports %s, which only _test.go files and test packages may import", path, target)
			case !r.allows(target):
				t.Errorf("package %s must not import %s. The layer %s may import only %q of this project (%s). Move the code to a layer that may, or change the rule in internal/law/law_test.go and ARCHITECTURE.md",
					path, target, r.layer, r.mayImport, r.why)
			}
		}
	}
}

// The cores are pure: whatever the rules above say of one of them, none may
// import an adapter, a table, a processor, a service or a sink.
func TestCoreImportsOnlySchemasAndCore(t *testing.T) {
	cores := 0
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		if !within(path, "internal/core") || onlyForTests(path) {
			continue
		}
		cores++
		for _, imported := range p.Imports {
			target, ours := strings.CutPrefix(imported, module)
			if ours && !within(target, "schemas") && !within(target, "internal/core") {
				t.Errorf("%s imports %s: a core imports schemas and other cores alone", path, target)
			}
		}
	}
	if cores == 0 {
		t.Fatal("go list shows no package in internal/core")
	}
}

func TestRuleAllowsParentPackageButNoSiblingLayer(t *testing.T) {
	for _, c := range []struct {
		path, imports string
		allowed       bool
	}{
		{"processors/games", "processors", true},
		{"processors/games", "processors/players", false},
		{"processors/games", "tables", true},
		{"processors", "processors/games", true}, // same layer; Go's ban on import cycles forbids it
		{"sinks/raw", "sinks/archive", true},
		{"sinks/raw", "sinks/postgres", false},
		{"sinks/raw", "tables", false},
		{"services/livegame", "services/account", false},
		{"services/livegame", "services/livegame/held", true},
		{"services/livegame/held", "services/livegame/follower", false},
		{"services/livegame/wsconn", "services/livegame/held", false},
		{"internal/core/game", "internal/kafka", false},
		{"internal/core/game", "internal/core/game/row", true},
		{"internal/core/game/row", "internal/core/game", false},
		{"cmd/tabiya", "processors/games", true},
	} {
		r, ok := ruleFor(c.path)
		if !ok || r.allows(c.imports) != c.allowed {
			t.Errorf("%s importing %s: allowed is %v, want %v", c.path, c.imports, !c.allowed, c.allowed)
		}
	}
}

func ruleFor(path string) (rule, bool) {
	for _, r := range rules {
		if within(path, r.layer) {
			return r, true
		}
	}
	return rule{}, false
}

func TestLibrariesAreImportedOnlyByTheirLayers(t *testing.T) {
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		if onlyForTests(path) || within(path, "benchmarks") {
			continue
		}
		for _, r := range libraryRules {
			for _, imported := range p.Imports {
				if within(imported, r.library) && !withinAny(path, r.layers) {
					t.Errorf("package %s must not import %s. Only %q may (%s). Use one of those packages instead, or change the rule in internal/law/law_test.go", path, imported, r.layers, r.why)
				}
			}
		}
	}
}
