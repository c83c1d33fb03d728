package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Row is one row of the table. Value is compared with the target; it is a ratio of two
// figures of the same run where there is a baseline.
type Row struct {
	Measure string             `json:"measure"`
	Value   float64            `json:"value"`
	Unit    string             `json:"unit"`
	Target  string             `json:"target"` // such as ">= 0.4"; empty for none
	Met     bool               `json:"met"`
	Figures map[string]float64 `json:"figures"` // what Value was computed from, and more
}

// Report is the result of a run.
type Report struct {
	At      time.Time `json:"at"`
	Machine string    `json:"machine"`
	Go      string    `json:"go"`
	Commit  string    `json:"commit"`
	Rows    []Row     `json:"rows"`
}

func newReport() *Report {
	commit := "unknown"
	if out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = strings.TrimSpace(string(out))
	}
	return &Report{At: time.Now().UTC().Truncate(time.Second), Machine: machine(), Go: runtime.Version(), Commit: commit}
}

// machine describes the machine of the run.
func machine() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				model = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
				break
			}
		}
	}
	return fmt.Sprintf("%d cores, %s, %s/%s", runtime.NumCPU(), model, runtime.GOOS, runtime.GOARCH)
}

// atLeast makes a row whose value must not be below bound.
func atLeast(measure string, value, bound float64, unit string, figures map[string]float64) Row {
	return Row{measure, value, unit, fmt.Sprintf(">= %g", bound), value >= bound, figures}
}

// atMost makes a row whose value must not be above bound.
func atMost(measure string, value, bound float64, unit string, figures map[string]float64) Row {
	return Row{measure, value, unit, fmt.Sprintf("<= %g", bound), value <= bound, figures}
}

// unbounded makes a row without a target.
func unbounded(measure string, value float64, unit string, figures map[string]float64) Row {
	return Row{measure, value, unit, "", true, figures}
}

// print writes the table as text.
func (r *Report) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, %s, commit %s\n\n", r.At.Format(time.DateTime), r.Machine, r.Go, r.Commit)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "measure\tvalue\ttarget\tmet\tfigures")
	for _, row := range r.Rows {
		met := "yes"
		switch {
		case row.Target == "":
			met = ""
		case !row.Met:
			met = "NO"
		}
		fmt.Fprintf(t, "%s\t%s %s\t%s\t%s\t%s\n", row.Measure, short(row.Value), row.Unit, row.Target, met, figures(row.Figures))
	}
	t.Flush()
}

func short(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func figures(m map[string]float64) string {
	sinkBackends := make([]string, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		sinkBackends = append(sinkBackends, name+" "+short(m[name]))
	}
	return strings.Join(sinkBackends, ", ")
}

// write writes the report as JSON.
func (r *Report) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
