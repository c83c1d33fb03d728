package test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/outage"
	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// command is a command with its place in the log.
type command struct {
	schemas.Command
	at      schemas.Time // broker time
	offset  int64
	outages outage.View // that stand before it
}

// restored returns how much later a deadline is for the command, because nobody could
// move since the given time.
func (c command) restored(since schemas.Time) schemas.Time {
	return schemas.Time(10 * c.outages.Centis(since, c.at))
}

// commands are the commands of one game, in log order.
type commands []command

func readCommands(t testing.TB, at stores) map[string]commands {
	t.Helper()
	all, pulses := map[string]commands{}, map[int32]*outage.Gaps{}
	err := kafka.ReadAll(t.Context(), at.kafka, schemas.GameCommands, func(r *kgo.Record) error {
		cmd, err := schemas.DecodeCommand(r.Value)
		if err != nil {
			return fmt.Errorf("%s/%d/%d: %w", r.Topic, r.Partition, r.Offset, err)
		}
		at := schemas.TimeOf(r.Timestamp)
		if pulses[r.Partition] == nil {
			pulses[r.Partition] = &outage.Gaps{}
		}
		if cmd.Type == schemas.Pulse {
			pulses[r.Partition].Pulse(at, r.Offset)
		}
		all[cmd.Key] = append(all[cmd.Key], command{cmd, at, r.Offset, pulses[r.Partition].Before(r.Offset)})
		return nil
	})
	if err != nil {
		t.Fatalf("read the commands: %v", err)
	}
	return all
}

// String lists the commands with what their partition's outages mean for them.
func (all commands) String() string {
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "offset %d at %d: %s, the clocks stand still: %t, in its last minute for %d cs\n",
			c.offset, c.at, c.Type, c.outages.StandStill(c.at), c.outages.Centis(c.at.Add(-time.Minute), c.at))
	}
	return b.String()
}

// first returns the first command that matches, or one with the highest offset if none
// does.
func (all commands) first(such func(command) bool) command {
	if i := slices.IndexFunc(all, such); i >= 0 {
		return all[i]
	}
	return command{offset: math.MaxInt64}
}

// flag returns the first command of the system that finds the flag of the side to move after
// this move, which was made at that time, fallen. It may be the CheckFlag of an earlier ply:
// the ply in it is for logs only.
func (all commands) flag(after *schemas.MoveMadePayload, madeAt schemas.Time) command {
	return all.first(func(c command) bool {
		return looksAtFlag(c.Type) && !c.outages.StandStill(c.at) && c.at >= timeAfter(after, bankCs)+c.restored(madeAt)
	})
}

func looksAtFlag(t schemas.CommandType) bool {
	return t == schemas.CheckFlag || t == schemas.MarkGone || t == schemas.MarkPresent
}

// cause returns the command that caused an event, by its id and broker time.
func (all commands) cause(ev schemas.Event) command {
	return all.first(func(c command) bool { return c.ID == ev.CommandID && c.at == ev.OccurredAt })
}

// timeAfter returns the time until which the side to move may answer a move, if it gets
// back backCs of lag. With a full lag bank, that is when its flag falls.
func timeAfter(move *schemas.MoveMadePayload, backCs int64) schemas.Time {
	return move.DeadlineAt.Add(time.Duration(min(backCs, bankCs)) * 10 * time.Millisecond)
}

// byGame returns the events of each game.
func (l eventLog) byGame() map[string][]record {
	events := map[string][]record{}
	for _, r := range l {
		if r.Topic == schemas.GameEvents {
			events[r.Key] = append(events[r.Key], r)
		}
	}
	return events
}

// replayed returns how many commands a processor has received again that were decided
// before, because the process was killed before it committed.
func (p *deployment) replayed(t testing.TB, name string) (n int) {
	t.Helper()
	text, _, err := get(t.Context(), p.opsURLs[name]+"/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for _, count := range replayedCounter.FindAllSubmatch(text, -1) {
		more, err := strconv.Atoi(string(count[1]))
		if err != nil {
			t.Fatal(err)
		}
		n += more
	}
	return n
}

var replayedCounter = regexp.MustCompile(`(?m)^tabiya_commands_total{.*outcome="replayed".*} (\d+)$`)
