// Package check compares what a platform told its clients with its log, and the log
// with the raw archive, the Parquet archive and PostgreSQL.
//
//	clients' answers ─► log ◄─ raw, Parquet, Postgres
//
// The functions that read return what is there, and the comparisons are pure, so that
// forged data can show that they see every kind of difference.
package check

import "fmt"

// Finding is one difference that must not be.
type Finding struct {
	Check string // what was compared, such as "raw" or "answers"
	What  string
}

func (f Finding) String() string { return f.Check + ": " + f.What }

// maxFindings is how many findings one comparison returns. A lost file would
// otherwise give a finding for each of its rows.
const maxFindings = 20

// findings collects the findings of one comparison.
type findings struct {
	check string
	all   []Finding
	more  int
}

func (f *findings) addf(format string, args ...any) {
	if len(f.all) == maxFindings {
		f.more++
		return
	}
	f.all = append(f.all, Finding{f.check, fmt.Sprintf(format, args...)})
}

// list returns the findings, with a last one that counts those left out.
func (f *findings) list() []Finding {
	if f.more > 0 {
		return append(f.all, Finding{f.check, fmt.Sprintf("and %d more", f.more)})
	}
	return f.all
}
