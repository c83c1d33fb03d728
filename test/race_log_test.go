package test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// command is one as it lies in its partition.
type command struct {
	schemas.Command
	at     schemas.Time // broker time
	offset int64
}

// commands are one game's, in their order.
type commands []command

func readCommands(t testing.TB, at place) map[string]commands {
	t.Helper()
	all := map[string]commands{}
	err := kafka.ReadAll(t.Context(), at.kafka, schemas.GameCommands, func(r *kgo.Record) error {
		cmd, err := schemas.DecodeCommand(r.Value)
		if err != nil {
			return fmt.Errorf("%s/%d/%d: %w", r.Topic, r.Partition, r.Offset, err)
		}
		all[cmd.Key] = append(all[cmd.Key], command{cmd, schemas.TimeOf(r.Timestamp), r.Offset})
		return nil
	})
	if err != nil {
		t.Fatalf("read the commands: %v", err)
	}
	return all
}

// first is the first such command; one behind all others if there is none.
func (all commands) first(such func(command) bool) command {
	if i := slices.IndexFunc(all, such); i >= 0 {
		return all[i]
	}
	return command{offset: math.MaxInt64}
}

// flag is the first of the timer's commands that finds the flag fallen of the
// side to move after this move.
func (all commands) flag(after *schemas.MoveMadePayload) command {
	return all.first(func(c command) bool {
		p, ok := c.Payload.(*schemas.CheckFlagPayload)
		return ok && p.Ply == after.Ply && c.at >= timeAfter(after, bankCs)
	})
}

// cause is the command that an event says it comes from, of its broker time.
func (all commands) cause(ev schemas.Event) command {
	return all.first(func(c command) bool { return c.ID == ev.CommandID && c.at == ev.OccurredAt })
}

// timeAfter is until when the side to move has time after a move, if it is given
// back so much. With all that its bank holds, that is the fall of its flag.
func timeAfter(move *schemas.MoveMadePayload, backCs int64) schemas.Time {
	return move.DeadlineAt.Add(time.Duration(min(backCs, bankCs)) * 10 * time.Millisecond)
}

// byGame is the events of each game.
func (l theLog) byGame() map[string][]record {
	events := map[string][]record{}
	for _, r := range l {
		if r.topic == schemas.GameEvents {
			events[r.Key] = append(events[r.Key], r)
		}
	}
	return events
}

// replayed is how many commands came to a processor again that had been judged
// when the process before it was killed.
func (p *parts) replayed(t testing.TB, name string) (n int) {
	t.Helper()
	text, _, err := get(t.Context(), p.urls[name]+"/metrics")
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
