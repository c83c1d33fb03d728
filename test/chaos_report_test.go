package test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"tabiya/test/check"
)

// chaosReport is the outcome of a run, also as JSON.
type chaosReport struct {
	Seed     uint64         `json:"seed"`
	Weak     string         `json:"weak,omitempty"`
	Minutes  float64        `json:"minutes"` // of faults
	Faults   []injected     `json:"faults"`
	Games    map[string]int `json:"games"` // by how they were made
	Answers  map[string]int `json:"answers"`
	Events   int            `json:"events"`
	MoveP50  float64        `json:"moveP50"` // seconds until an accepted move was answered
	MoveP99  float64        `json:"moveP99"`
	MoveMax  float64        `json:"moveMax"`
	Findings []string       `json:"findings"`
}

// percentile returns the value that the share of the values does not exceed.
func percentile[T cmp.Ordered](values []T, share float64) (p T) {
	if len(values) == 0 {
		return p
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func (l *chaosLoad) report(r *chaosReport) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Games, r.Answers = l.games, map[string]int{}
	for _, a := range l.answers {
		r.Answers[string(a.Outcome)]++
	}
	l.progress.mu.Lock()
	defer l.progress.mu.Unlock()
	answered := l.progress.answered
	r.MoveP50, r.MoveP99 = percentile(answered, 0.5).Seconds(), percentile(answered, 0.99).Seconds()
	if len(answered) > 0 {
		r.MoveMax = slices.Max(answered).Seconds()
	}
}

// table shows the recoveries by role and kind.
func (r *chaosReport) table() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "role\tfault\ttimes\tready p50\tp99\tmoves p50\tp99\t")
	type row struct{ role, kind string }
	ready, moves := map[row][]float64{}, map[row][]float64{}
	for _, f := range r.Faults {
		for _, at := range []row{{f.Role, f.Kind}, {"all", "all"}} {
			ready[at], moves[at] = append(ready[at], f.Ready), append(moves[at], f.Moves)
		}
	}
	rows := make([]row, 0, len(ready))
	for at := range ready {
		rows = append(rows, at)
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.role, b.role), cmp.Compare(a.kind, b.kind)) })
	for _, at := range rows {
		fmt.Fprintf(w, "%s\t%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t\n", at.role, at.kind, len(ready[at]),
			percentile(ready[at], 0.5), percentile(ready[at], 0.99), percentile(moves[at], 0.5), percentile(moves[at], 0.99))
	}
	_ = w.Flush()
	fmt.Fprintf(&text, "\nready: seconds from the fault's end until the part works; moves: seconds from the fault until every live game has moved.\n")
	fmt.Fprintf(&text, "seed %d: %d faults in %.1f minutes; games %v; commands %v; %d events; a move took p50 %.3f s, p99 %.3f s, at most %.1f s\n",
		r.Seed, len(r.Faults), r.Minutes, r.Games, r.Answers, r.Events, r.MoveP50, r.MoveP99, r.MoveMax)
	return text.String()
}

func (r *chaosReport) write(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// settle waits until log, archive and Postgres agree with each other and with what the
// clients were told, for at most limit. It returns what does not agree then.
func (l *chaosLoad) settle(read func() (check.Log, []check.Finding, error), limit time.Duration) (check.Log, []check.Finding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for end := time.Now().Add(limit); ; time.Sleep(time.Second) {
		log, findings, err := read()
		if err != nil {
			findings = append(findings, check.Finding{Check: "read", What: err.Error()})
		} else {
			findings = append(findings, slices.Concat(log.Order(), log.Games(), log.Answers(l.answers), log.Streams(l.streams), log.Accounts(l.accounts))...)
		}
		if len(findings) == 0 || time.Now().After(end) {
			return log, append(findings, l.wrongs...)
		}
	}
}
