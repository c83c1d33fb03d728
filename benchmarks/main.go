// Command benchmarks measures Tabiya from outside. Most figures are ratios to a baseline
// that is measured in the same run, such as a bare echo server. It builds the program,
// starts it with embedded servers, and generates load from this process on the same
// machine. It prints a table and writes it as JSON.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// measure produces one or more rows of the table.
type measure struct {
	name string
	run  func(b *bench) ([]Row, error)
}

var measures = []measure{
	{"http", httpMeasure},
	{"socket", socketMeasure},
	{"fanout", fanoutMeasure},
	{"plies", pliesMeasure},
	{"live", liveMeasure},
	{"row", rowMeasure},
	{"memory", memoryMeasure},
	{"peak", peakMeasure},
	{"watchers", watchersMeasure},
	{"page", pageMeasure},
	{"takeover", takeoverMeasure},
	{"recovery", recoveryMeasure},
	{"postgres", postgresMeasure},
	{"parquet", parquetMeasure},
}

// names lists the names of all measures.
func names() string {
	all := make([]string, 0, len(measures))
	for _, m := range measures {
		all = append(all, m.name)
	}
	return strings.Join(all, ", ")
}

// bench is what every measure gets.
type bench struct {
	binary  string        // the built program
	seconds time.Duration // duration of each load
	scratch string        // data folder of the measure
}

func main() {
	out := flag.String("out", "benchmarks/latest.json", "file to write the table to as JSON")
	only := flag.String("only", "", "comma-separated measures to run: "+names()+"; default: all")
	seconds := flag.Duration("time", 15*time.Second, "how long each load lasts")
	other := flag.String("against", "", "commit to compare moves/s over WebSocket with, in turns, instead of all measures; nothing is written to -out")
	pairs := flag.Int("pairs", 5, "pairs of loads with -against")
	echoOnly := flag.Bool("echo", false, "internal: serve the echo baseline and print its URL")
	broadcastBytes := flag.Int("broadcast", 0, "internal: serve the broadcast baseline with frames of that many bytes and print its URL")
	flag.Parse()
	var err error
	switch {
	case *echoOnly:
		err = serveBaseline(echo())
	case *broadcastBytes > 0:
		err = serveBaseline(broadcast(*broadcastBytes))
	case *other != "":
		err = run("", []measure{{"against", against{*other, *pairs}.measure}}, *seconds)
	default:
		err = run(*out, chosen(*only), *seconds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// chosen returns the measures of a comma-separated list of names, all for "".
func chosen(only string) []measure {
	if only == "" {
		return measures
	}
	return slices.DeleteFunc(slices.Clone(measures), func(m measure) bool { return !strings.Contains(","+only+",", ","+m.name+",") })
}

// run measures, prints a table and writes it to out, if there is one.
func run(out string, measures []measure, seconds time.Duration) error {
	if out != "" {
		var err error
		if out, err = filepath.Abs(out); err != nil { // the embedded object store changes the working folder
			return err
		}
	}
	scratch, err := os.MkdirTemp("", "tabiya-bench-")
	if err != nil {
		return fmt.Errorf("make scratch folder: %w", err)
	}
	defer os.RemoveAll(scratch)
	if err := os.Chmod(scratch, 0o755); err != nil { // the database may run as another user
		return err
	}
	b := &bench{binary: scratch + "/tabiya", seconds: seconds}
	if err := b.build(); err != nil {
		return err
	}
	report := newReport()
	for _, m := range measures {
		fmt.Fprintf(os.Stderr, "measuring %s\n", m.name)
		rows, err := b.measure(m.run, filepath.Join(scratch, m.name))
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		report.Rows = append(report.Rows, rows...)
	}
	report.print(os.Stdout)
	if out == "" {
		return nil
	}
	return report.write(out)
}

// measure runs a measure with a data folder of its own and deletes the folder
// afterwards. That also frees the page cache of its files: on a virtual machine,
// writing files gets slower while the cache grows into memory that the host has not
// provided yet.
func (b *bench) measure(run func(*bench) ([]Row, error), folder string) (rows []Row, err error) {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	defer func() {
		// The embedded object store may have made it the working folder.
		err = errors.Join(err, os.Chdir(filepath.Dir(folder)), os.RemoveAll(folder))
	}()
	b.scratch = folder
	return run(b)
}
