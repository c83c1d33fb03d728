package schemas

import (
	"fmt"
	"time"
)

// Time is broker time: milliseconds since the Unix epoch. On the wire it is
// RFC 3339 in UTC with three decimals, "2026-11-23T15:54:30.123Z".
type Time int64

const timeLayout = "2006-01-02T15:04:05.000Z"

// TimeOf truncates t to the millisecond.
func TimeOf(t time.Time) Time { return Time(t.UnixMilli()) }

// Std returns t as a time.Time in UTC.
func (t Time) Std() time.Time { return time.UnixMilli(int64(t)).UTC() }

// Add returns t+d, with d truncated to the millisecond.
func (t Time) Add(d time.Duration) Time { return t + Time(d.Milliseconds()) }

// Centis returns t in whole centiseconds. The differences between consecutive times
// add up exactly.
func (t Time) Centis() int64 { return int64(t) / 10 }

func (t Time) String() string { return t.Std().Format(timeLayout) }

func (t Time) AppendText(b []byte) ([]byte, error) { return t.Std().AppendFormat(b, timeLayout), nil }

func (t Time) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, len(timeLayout)+2)
	b = append(b, '"')
	b = t.Std().AppendFormat(b, timeLayout)
	return append(b, '"'), nil
}

func (t *Time) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return fmt.Errorf("time %.40q is not a string", b)
	}
	parsed, err := time.Parse(time.RFC3339, string(b[1:len(b)-1]))
	if err != nil {
		return fmt.Errorf("parse time: %w", err)
	}
	*t = TimeOf(parsed)
	return nil
}
