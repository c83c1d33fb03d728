package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

const (
	recoveryMembers = 4                // so that each has 8 of 32 partitions
	recoveryLoad    = 3 * time.Minute  // until cleaning and writing are in balance
	recoveryPause   = 30 * time.Second // of load between two recoveries
	recoveries      = 3
)

// recoveryMeasure is how long a games processor takes from its start until it has
// recovered 8 of 32 partitions of a table that is written at the claimed rate. The load
// pauses meanwhile: nobody can move in these games, and the machine has few cores.
func recoveryMeasure(b *bench) ([]Row, error) {
	if !canRunKafka() {
		fmt.Fprintln(os.Stderr, "recovery: skipped, Apache Kafka needs Java 17 and Maven")
		return nil, nil
	}
	f := &cluster{binary: b.binary}
	defer f.stop()
	if err := f.startKafka(context.Background(), filepath.Join(b.scratch, "kafka")); err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	w, err := newTableWriter(f.kafka)
	if err != nil {
		return nil, err
	}
	defer w.producer.Close()
	if err := w.fill(); err != nil {
		return nil, err
	}
	rate, err := w.writeFor(recoveryLoad)
	if err != nil {
		return nil, err
	}
	members := make([]*gamesProcessor, recoveryMembers)
	defer func() {
		for _, m := range members {
			if m != nil && m.process != nil {
				m.stop()
			}
		}
	}()
	for i := range members {
		if members[i], err = f.startGamesProcessor(fmt.Sprintf("games-%d", i)); err != nil {
			return nil, err
		}
	}
	if err := retryFor(2*time.Minute, func() error { return shareEqually(members) }); err != nil {
		return nil, err
	}
	var took []time.Duration
	var read float64
	for n := range recoveries {
		if rate, err = w.writeFor(recoveryPause); err != nil {
			return nil, err
		}
		last, size, err := f.recovery(members[n%len(members)])
		if err != nil {
			return nil, err
		}
		took, read = append(took, last), max(read, size)
		fmt.Fprintf(os.Stderr, "  recovered %.0f MB in %s\n", size/1e6, last.Round(time.Millisecond))
	}
	slices.Sort(took)
	all, err := f.tableSize(nil)
	if err != nil {
		return nil, err
	}
	return []Row{atMost("start of a games processor until 8 of 32 partitions are recovered, after 12,000 moves/s", took[len(took)-1].Seconds(), 3, "s", map[string]float64{
		"median s": took[len(took)/2].Seconds(), "moves/s": rate, "live games": writtenGames, "MB read": read / 1e6,
		"MB of all partitions": all / 1e6, "bytes a row": float64(w.bytes.Load()) / float64(w.written.Load()),
	})}, nil
}

// recovery kills a processor, starts it again and returns how long it takes until it is
// ready, and how many bytes its partitions of the table have.
func (f *cluster) recovery(m *gamesProcessor) (took time.Duration, size float64, err error) {
	partitions, err := m.ownedPartitions()
	if err != nil {
		return 0, 0, err
	}
	if err := m.kill(); err != nil {
		return 0, 0, err
	}
	if size, err = f.tableSize(partitions); err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if err := m.start(); err != nil {
		return 0, 0, err
	}
	err = retryFor(time.Minute, func() error { return ready("http://" + m.address) })
	return time.Since(began), size, err
}

func (w *tableWriter) writeFor(d time.Duration) (float64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return w.write(ctx)
}

// shareEqually returns an error unless all members are ready and have as many
// partitions each.
func shareEqually(members []*gamesProcessor) error {
	for _, m := range members {
		owned, err := m.ownedPartitions()
		if err != nil {
			return err
		}
		if len(owned) != clusterPartitions/len(members) {
			return fmt.Errorf("%s has %d partitions", m.instance, len(owned))
		}
		if err := ready("http://" + m.address); err != nil {
			return fmt.Errorf("%s: %w", m.instance, err)
		}
	}
	return nil
}

// tableSize returns the bytes of partitions of games-table on the broker's disk; nil
// means all.
func (f *cluster) tableSize(partitions []int32) (size float64, err error) {
	client, err := kgo.NewClient(f.kafka.Opts()...)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	dirs, err := kadm.NewClient(client).DescribeAllLogDirs(context.Background(), nil)
	if err != nil {
		return 0, fmt.Errorf("describe log folders: %w", err)
	}
	dirs.Each(func(d kadm.DescribedLogDir) {
		err = errors.Join(err, d.Err)
		for number, p := range d.Topics[schemas.GamesTable] {
			if partitions == nil || slices.Contains(partitions, number) {
				size += float64(p.Size)
			}
		}
	})
	return size, err
}
