package replay

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Note says what became of one game of the file.
type Note struct {
	Place  string // where the game begins: "line 12 (game 3)"
	GameID string // "" if none was created
	What   string
}

// maxNotes bounds how many notes of a kind are kept; the counts go on.
const maxNotes = 1000

// latency is in microseconds, up to five minutes, to three digits.
const (
	longestLatency = int64(5 * time.Minute / time.Microsecond)
	latencyDigits  = 3
)

// Report is what a replay found. It is safe for concurrent use while the replay
// runs.
type Report struct {
	mu sync.Mutex

	games, plies     int
	timeForfeits     int
	startedOver      int
	repeatedRequests int
	skipped          tally
	refused          tally
	mismatches       tally
	latency          *hdrhistogram.Histogram
	playing          time.Duration
}

// tally counts, and keeps the first notes.
type tally struct {
	count int
	notes []Note
}

func (t *tally) add(n Note) {
	t.count++
	if len(t.notes) < maxNotes {
		t.notes = append(t.notes, n)
	}
}

func newReport() *Report {
	return &Report{latency: hdrhistogram.New(1, longestLatency, latencyDigits)}
}

func (r *Report) note(t *tally, n Note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.add(n)
}

func (r *Report) skip(place, reason string) { r.note(&r.skipped, Note{Place: place, What: reason}) }

func (r *Report) refuse(place, gameID string, err error) {
	r.note(&r.refused, Note{place, gameID, err.Error()})
}

func (r *Report) mismatch(place, gameID, what string) {
	r.note(&r.mismatches, Note{place, gameID, what})
}

func (r *Report) count(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
}

// moved counts a ply and how long its answer took, its repeats included.
func (r *Report) moved(took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plies++
	_ = r.latency.RecordValue(min(took.Microseconds(), longestLatency)) // in range by that
}

// What a replay can come to; the notes have told the games.
var (
	ErrDiffers = errors.New("history is not what the file says")
	ErrRefused = errors.New("the server refused games of the file; history has the others as they were played")
)

// Err is ErrDiffers if history said something else than the file, ErrRefused if
// the server only refused what the file says was played.
func (r *Report) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.mismatches.count > 0:
		return ErrDiffers
	case r.refused.count > 0:
		return ErrRefused
	}
	return nil
}

// Print writes the notes and then the table.
func (r *Report) Print(w io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, kind := range []struct {
		name string
		tally
	}{{"skipped", r.skipped}, {"refused", r.refused}, {"mismatch", r.mismatches}} {
		for _, n := range kind.notes {
			if _, err := fmt.Fprintf(w, "%s: %s\n", kind.name, n); err != nil {
				return fmt.Errorf("print report: %w", err)
			}
		}
		if more := kind.count - len(kind.notes); more > 0 {
			fmt.Fprintf(w, "%s: %d more\n", kind.name, more)
		}
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, value any) { fmt.Fprintf(table, "%s\t%v\t\n", name, value) }
	row("games", r.games)
	row("plies", r.plies)
	row("skipped", r.skipped.count)
	row("refused", r.refused.count)
	row("mismatches", r.mismatches.count)
	row("time forfeits, ended by resignation", r.timeForfeits)
	row("requests repeated", r.repeatedRequests)
	row("games started over", r.startedOver)
	row("moves/s", r.movesPerSecond())
	row("move latency p50", r.quantile(50))
	row("move latency p99", r.quantile(99))
	return table.Flush()
}

func (n Note) String() string {
	if n.GameID == "" {
		return n.Place + ": " + n.What
	}
	return n.Place + ": game " + n.GameID + ": " + n.What
}

func (r *Report) movesPerSecond() int {
	if r.playing <= 0 {
		return 0
	}
	return int(float64(r.plies) / r.playing.Seconds())
}

func (r *Report) quantile(q float64) time.Duration {
	return time.Duration(r.latency.ValueAtQuantile(q)) * time.Microsecond
}
