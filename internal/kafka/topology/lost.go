package topology

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// lastEvents is how many records at the end of a partition are searched for an event.
// There is more than one for the sake of records that are none.
const lastEvents = 1000

// restore returns t as the topology of a log whose record was lost. Events tell the place
// of their command, and so the generation of the commands, and their own format. If both
// are the first, t is right. Events of a format that this release cannot write are an
// error: with a lower format in topology, rows of the lost one would be quarantined.
//
// Nobody but the sinks knows the generation of the events, so all that are there become a
// copy of every generation so far: a sink goes on where it was, whichever it was. The
// copies are named from the last on, so that no place is below one that a sink has stored.
func restore(ctx context.Context, client *kgo.Client, t schemas.Topology, a schemas.Aggregate) (schemas.Topology, error) {
	generation, ends := int64(1), make([]int64, t.Partitions)
	for partition := range t.Partitions {
		last, format, err := lastGeneration(ctx, client, a, partition)
		if err != nil {
			return t, fmt.Errorf("find the generation of %s: %w", a.Name, err)
		}
		generation, t.Format = max(generation, last), max(t.Format, format)
		if ends[partition], err = kafka.EndOffset(ctx, client, a.Events, partition); err != nil {
			return t, fmt.Errorf("find the generation of %s: %w", a.Name, err)
		}
	}
	if t.Format > schemas.LatestFormat {
		return t, fmt.Errorf("topology has lost %s, whose events are in format %d, and this release writes up to %d: %w: run a later release",
			a.Name, t.Format, schemas.LatestFormat, schemas.ErrLaterFormat)
	}
	if generation == 1 {
		return t, nil
	}
	t.Generation, t.Commands.Since, t.Events.Since = generation+1, generation, generation+1
	for ; generation > 0; generation-- {
		t.Events.Copied = append(t.Events.Copied, schemas.Copied{Generation: generation, Ends: ends})
	}
	return t, nil
}

// lastGeneration returns the generation of the last command that led to an event of a
// partition, and the highest format of the last events; the first ones if there is none.
func lastGeneration(ctx context.Context, client *kgo.Client, a schemas.Aggregate, partition int32) (generation int64, format int, err error) {
	generation, format = 1, schemas.OldestFormat
	commands, err := kafka.EndOffset(ctx, client, a.Commands, partition)
	if err != nil {
		return 0, 0, err
	}
	_, err = kafka.ReadTail(ctx, client, a.Events, partition, time.Now(), lastEvents, func(r *kgo.Record) error {
		place, err := strconv.ParseInt(string(kafka.Header(r, schemas.HeaderPlace)), 10, 64)
		if err != nil {
			return nil //nolint:nilerr // it is no event, or one of a release that wrote no places
		}
		of, offset := schemas.SplitPlace(place)
		if offset < 0 || offset >= commands || of >= schemas.MaxGeneration {
			return nil // no command has this place
		}
		if _, err := schemas.DecodeEvent(r.Value); err == nil {
			generation, format = max(generation, of), max(format, schemas.FormatOf(kafka.Header(r, schemas.HeaderFormat)))
		}
		return nil
	})
	return generation, format, err
}
