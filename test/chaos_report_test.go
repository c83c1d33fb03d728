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
	Seed       uint64         `json:"seed"`
	Name       string         `json:"name,omitempty"` // of a weakness
	Start      float64        `json:"start"`          // seconds until games were played
	Minutes    float64        `json:"minutes"`        // of faults
	Settle     float64        `json:"settle"`         // seconds from the last recovery until all was compared
	PerMinute  float64        `json:"faultsPerMinute"`
	Recoveries []recovery     `json:"recoveries"`
	Clocks     clockSteps     `json:"clocks"`
	Games      map[string]int `json:"games"` // by how they were made
	Answers    map[string]int `json:"answers"`
	Events     int            `json:"events"`
	MoveP50    float64        `json:"moveP50"` // seconds until an accepted move was answered
	MoveP99    float64        `json:"moveP99"`
	MoveMax    float64        `json:"moveMax"`
	Findings   []string       `json:"findings"`
	Faults     []injected     `json:"faults"`
}

// recovery is how long the faults of a kind took that hit a role, in seconds.
type recovery struct {
	Role     string  `json:"role"`
	Kind     string  `json:"kind"`
	Times    int     `json:"times"`
	ReadyP50 float64 `json:"readyP50"` // see injected
	ReadyP99 float64 `json:"readyP99"`
	MovesP50 float64 `json:"movesP50"`
	MovesP99 float64 `json:"movesP99"`
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
	r.PerMinute, r.Recoveries = float64(len(r.Faults))/r.Minutes, recoveriesOf(r.Faults)
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

// recoveriesOf groups faults by role and kind. The first row is of all.
func recoveriesOf(faults []injected) (rows []recovery) {
	type group struct{ role, kind string }
	ready, moves := map[group][]float64{}, map[group][]float64{}
	for _, f := range faults {
		for _, at := range []group{{f.Role, f.Kind}, {"all", "all"}} {
			ready[at], moves[at] = append(ready[at], f.Ready), append(moves[at], f.Moves)
		}
	}
	for at := range ready {
		rows = append(rows, recovery{
			at.role, at.kind, len(ready[at]),
			percentile(ready[at], 0.5), percentile(ready[at], 0.99), percentile(moves[at], 0.5), percentile(moves[at], 0.99),
		})
	}
	slices.SortFunc(rows, func(a, b recovery) int { return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Kind, b.Kind)) })
	return rows
}

// table shows the recoveries by role and kind.
func (r *chaosReport) table() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "role\tfault\ttimes\tready p50\tp99\tmoves p50\tp99\t")
	for _, row := range r.Recoveries {
		fmt.Fprintf(w, "%s\t%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t\n", row.Role, row.Kind, row.Times, row.ReadyP50, row.ReadyP99, row.MovesP50, row.MovesP99)
	}
	_ = w.Flush()
	fmt.Fprintf(&text, "\nready: seconds from the fault's end until the part works; moves: seconds from the fault until every live game has moved.\n")
	fmt.Fprintf(&text, "seed %d: started in %.0f s; %d faults in %.1f minutes, %.1f a minute; all compared after %.0f s more\n",
		r.Seed, r.Start, len(r.Faults), r.Minutes, r.PerMinute, r.Settle)
	fmt.Fprintf(&text, "games %v; commands %v; %d events; clocks stepped %d times, told %d times; a move took p50 %.3f s, p99 %.3f s, at most %.1f s; %d findings\n",
		r.Games, r.Answers, r.Events, r.Clocks.Injected, r.Clocks.Seen, r.MoveP50, r.MoveP99, r.MoveMax, len(r.Findings))
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
