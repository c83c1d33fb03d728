package rebuild

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

// pulsesKept is how far back pulses are read. A table that was lost for longer costs
// the players of its games the time before.
const pulsesKept = 24 * time.Hour

// pulses returns the pulse row of a partition of games-table, made of the pulses that
// were decided, so that the time in which the table was lost is given back. Returns nil
// if there are none.
func (b *builder) pulses(ctx context.Context, partition int32, have map[string]schemas.Head, place int64) (*kgo.Record, error) {
	commands := b.topology.Of(schemas.GameCommands)
	key := kafka.PulseKeyOf(partition, commands.Partitions)
	row := &tables.PulseRow{}
	err := kafka.ReadPartition(ctx, b.client, schemas.GameCommands, partition, b.now.Add(-pulsesKept).Std(), func(r *kgo.Record) error {
		at := commands.Commands.Place(partition, r.Offset)
		if string(r.Key) == key && schemas.CommandType(kafka.Header(r, schemas.HeaderType)) == schemas.Pulse && at <= place {
			row.Handle(schemas.TimeOf(r.Timestamp), at)
		}
		return nil
	})
	if err != nil || row.Last() == 0 {
		return nil, err
	}
	return rowOf(tables.Pulses(), key, row.Stamped(b.version(have[key]), place)), nil
}
