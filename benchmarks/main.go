// Command benchmarks measures Tabiya from outside, each figure as a ratio
// against a ceiling or a peer in the same run. It builds the program, starts it
// with embedded parts, and plays against it from this process on the same
// machine. It prints a table and writes it as JSON.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// measure is one part of the table; it may give several rows.
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
	{"watchers", watchersMeasure},
	{"takeover", takeoverMeasure},
	{"postgres", postgresMeasure},
	{"parquet", parquetMeasure},
}

// names lists all measures.
func names() string {
	all := make([]string, 0, len(measures))
	for _, m := range measures {
		all = append(all, m.name)
	}
	return strings.Join(all, ", ")
}

// bench is what every measure is given.
type bench struct {
	binary  string        // the built program
	seconds time.Duration // how long each load lasts
	scratch string        // a folder for data
}

func main() {
	out := flag.String("out", "benchmarks/latest.json", "where the table is written as JSON")
	only := flag.String("only", "", "comma-separated measures to run: "+names()+"; all without")
	seconds := flag.Duration("time", 15*time.Second, "how long each load lasts")
	bareEcho := flag.Bool("echo", false, "serve the bare echo that HTTP is measured against, and print its address")
	bareBroadcast := flag.Int("broadcast", 0, "serve the bare broadcast that watchers are measured against, of so many bytes a frame, and print its address")
	flag.Parse()
	var err error
	switch {
	case *bareEcho:
		err = serveBare(echo())
	case *bareBroadcast > 0:
		err = serveBare(broadcast(*bareBroadcast))
	default:
		err = run(*out, *only, *seconds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(out, only string, seconds time.Duration) error {
	out, err := filepath.Abs(out) // the embedded store changes the working folder
	if err != nil {
		return err
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
		if only != "" && !strings.Contains(","+only+",", ","+m.name+",") {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s\n", m.name)
		rows, err := b.measure(m.run, filepath.Join(scratch, m.name))
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		report.Rows = append(report.Rows, rows...)
	}
	report.print(os.Stdout)
	return report.write(out)
}

// measure runs a measure over a folder of its own, which is gone afterwards, and
// with it what the kernel holds of its files: a file's byte costs more to write
// while that grows into memory which the host of a virtual machine has yet to give.
func (b *bench) measure(run func(*bench) ([]Row, error), folder string) (rows []Row, err error) {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	defer func() {
		// The embedded store may have made it the working folder.
		err = errors.Join(err, os.Chdir(filepath.Dir(folder)), os.RemoveAll(folder))
	}()
	b.scratch = folder
	return run(b)
}
