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
	recoveryLoad    = 2 * time.Minute  // until cleaning and writing are in balance
	recoveryPause   = 20 * time.Second // of load between two recoveries
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
	if _, err := w.writeFor(recoveryLoad); err != nil {
		return nil, err
	}
	others, err := f.joinOthers(recoveryMembers - 1)
	if err != nil {
		return nil, err
	}
	defer others.close()
	var (
		took       []time.Duration
		read, rate float64
	)
	for range recoveries {
		if rate, err = w.writeFor(recoveryPause); err != nil {
			return nil, err
		}
		last, size, err := f.recovery()
		if err != nil {
			return nil, err
		}
		took, read = append(took, last), max(read, size)
		fmt.Fprintf(os.Stderr, "  recovered %.0f MB in %s, after %.0f moves/s\n", size/1e6, last.Round(time.Millisecond), rate)
	}
	slices.Sort(took)
	all, err := f.tableSizes()
	if err != nil {
		return nil, err
	}
	return []Row{atMost("start of a games processor until 8 of 32 partitions are recovered, after 12,000 moves/s", took[len(took)-1].Seconds(), 3, "s", map[string]float64{
		"median s": took[len(took)/2].Seconds(), "moves/s": rate, "live games": writtenGames, "MB read": read / 1e6,
		"MB of all partitions": sum(all, nil) / 1e6, "bytes a row": float64(w.bytes.Load()) / float64(w.written.Load()),
	})}, nil
}

// recovery starts a processor and returns how long it takes until it is ready, and how
// many bytes its partitions of the table had at its start. Then it kills the processor.
func (f *cluster) recovery() (took time.Duration, size float64, err error) {
	sizes, err := f.tableSizes()
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	m, err := f.startGamesProcessor("recovering")
	if err != nil {
		return 0, 0, err
	}
	if err := retryFor(time.Minute, func() error { return ready("http://" + m.address) }); err != nil {
		m.stop()
		return 0, 0, err
	}
	took = time.Since(began)
	partitions, err := m.ownedPartitions()
	if err == nil && len(partitions) != clusterPartitions/recoveryMembers {
		err = fmt.Errorf("%s has %d partitions", m.instance, len(partitions))
	}
	return took, sum(sizes, partitions), errors.Join(err, m.kill(), f.evict(m))
}

func (w *tableWriter) writeFor(d time.Duration) (float64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return w.write(ctx)
}

// tableSizes returns the bytes of each partition of games-table on the broker's disk.
func (f *cluster) tableSizes() (map[int32]float64, error) {
	client, err := kgo.NewClient(f.kafka.Opts()...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	dirs, err := kadm.NewClient(client).DescribeAllLogDirs(context.Background(), nil)
	if err != nil {
		return nil, fmt.Errorf("describe log folders: %w", err)
	}
	sizes := make(map[int32]float64)
	dirs.Each(func(d kadm.DescribedLogDir) {
		err = errors.Join(err, d.Err)
		for number, p := range d.Topics[schemas.GamesTable] {
			sizes[number] = float64(p.Size)
		}
	})
	return sizes, err
}

// sum adds the sizes of partitions; nil means all.
func sum(sizes map[int32]float64, partitions []int32) (total float64) {
	for number, size := range sizes {
		if partitions == nil || slices.Contains(partitions, number) {
			total += size
		}
	}
	return total
}
