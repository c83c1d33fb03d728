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

// Note says why a game of the file was skipped, was refused, ended earlier or differs.
type Note struct {
	Place  string // in the file: "game 3, line 12"
	GameID string // "" if no game was created
	What   string
}

// maxNotes is how many notes of a kind are kept. The counts have no limit.
const maxNotes = 1000

// Range and precision of the latency histogram, in microseconds.
const (
	longestLatency = int64(5 * time.Minute / time.Microsecond)
	latencyDigits  = 3
)

// Report is the result of a replay. It is safe for concurrent use.
type Report struct {
	mu sync.Mutex

	games, plies     int
	timeForfeits     int
	restarted        int
	repeatedRequests int
	skipped          noteList
	refused          noteList
	endedEarlier     noteList // one whose result differs is also a mismatch
	mismatches       noteList
	latency          *hdrhistogram.Histogram
	playing          time.Duration
}

// noteList counts notes and keeps the first maxNotes.
type noteList struct {
	count int
	notes []Note
}

func (t *noteList) add(n Note) {
	t.count++
	if len(t.notes) < maxNotes {
		t.notes = append(t.notes, n)
	}
}

func newReport() *Report {
	return &Report{latency: hdrhistogram.New(1, longestLatency, latencyDigits)}
}

func (r *Report) note(t *noteList, n Note) {
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

func (r *Report) endEarlier(p played) {
	r.note(&r.endedEarlier, Note{p.early.place, p.gameID,
		fmt.Sprintf("%s after %d plies, where the file goes on", p.early.termination, len(p.moves))})
}

func (r *Report) count(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
}

// countMove counts a ply and the time until its clear answer, including repeats.
func (r *Report) countMove(took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plies++
	_ = r.latency.RecordValue(min(took.Microseconds(), longestLatency)) // never out of range
}

// Errors of Report.Err. The report's notes name the games.
var (
	ErrDiffers = errors.New("history differs from the file")
	ErrRefused = errors.New("the server refused games of the file; history has all others as in the file")
	ErrNoGames = errors.New("the file has no games")
	ErrSkipped = errors.New("no game of the file can be played: all were skipped")
)

// Err returns ErrDiffers if history differs from the file, ErrRefused if the server
// refused games and history has all others, ErrNoGames or ErrSkipped if there was
// nothing to play, nil if history has all games.
func (r *Report) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.mismatches.count > 0:
		return ErrDiffers
	case r.refused.count > 0:
		return ErrRefused
	case r.games > 0 || r.endedEarlier.count > 0:
		return nil
	case r.skipped.count > 0:
		return ErrSkipped
	}
	return ErrNoGames
}

// Print writes the notes and then the table.
func (r *Report) Print(w io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, kind := range []struct {
		name string
		noteList
	}{{"skipped", r.skipped}, {"refused", r.refused}, {"ended earlier", r.endedEarlier}, {"mismatch", r.mismatches}} {
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
	row("ended earlier than the file", r.endedEarlier.count)
	row("mismatches", r.mismatches.count)
	row("time forfeits, played as resignations", r.timeForfeits)
	row("requests repeated", r.repeatedRequests)
	row("games restarted", r.restarted)
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
