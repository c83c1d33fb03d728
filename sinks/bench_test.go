package sinks_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/kafka"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/sinks/archive"
	"tabiya/sinks/parquet"
	"tabiya/sinks/postgres"
	"tabiya/sinks/raw"
	"tabiya/sinks/sinktest"
)

// backlogEnv is set in a second process of this binary, which serves a broker with a
// backlog: the kind of events and their number.
const backlogEnv = "TABIYA_SINKS_BACKLOG"

func TestMain(m *testing.M) {
	if what := os.Getenv(backlogEnv); what != "" {
		if err := serveBacklog(what); err != nil {
			fmt.Fprintln(os.Stderr, "backlog:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	objstoretest.Main(m)
}

// backlog describes a broker in a process of its own, so that the CPU time and memory
// of the benchmark's process are the sink's.
type backlog struct {
	Brokers []string
	Ends    []end
	Events  int
}

type end struct {
	sinktest.TopicPartition
	Offset int64
}

func serveBacklog(what string) error {
	kind, number, _ := strings.Cut(what, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	log, err := sinktest.OpenLog(4)
	if err != nil {
		return err
	}
	defer log.Close()
	b := backlog{Brokers: log.Config.Brokers}
	for seed := uint64(1); b.Events < n; seed++ {
		events := sinktest.Events(seed, 500)
		if kind == "games" {
			events = sinktest.Terminal(events)
		}
		log.Pass(4 * time.Second) // of broker time: 8,000 events a second, or 125 games
		if err := log.Write(context.Background(), sinktest.Records(events, 4)); err != nil {
			return err
		}
		b.Events += len(events)
	}
	log.Pass(time.Hour)
	ends, err := log.Ends(context.Background())
	if err != nil {
		return err
	}
	for at, offset := range ends {
		b.Ends = append(b.Ends, end{at, offset})
	}
	if err := json.NewEncoder(os.Stdout).Encode(b); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

func startBacklog(b *testing.B, kind string, events int) backlog {
	b.Helper()
	if n, err := strconv.Atoi(os.Getenv("TABIYA_BENCH_EVENTS")); err == nil {
		events = n
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", backlogEnv, kind, events))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		b.Fatal(err)
	}
	var log backlog
	if err := json.Unmarshal(line, &log); err != nil {
		b.Fatal(err)
	}
	return log
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peak returns the peak memory of the process in MiB.
func peak() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024
		}
	}
	return 0
}

// BenchmarkArchiveBacklog archives a backlog (TABIYA_BENCH_EVENTS, default 300,000)
// from a broker in another process to a store in a third.
func BenchmarkArchiveBacklog(b *testing.B) {
	for name, open := range map[string]func(archive.Config) (*archive.Sink, error){parquet.Name: parquet.New, raw.Name: raw.New} {
		b.Run(name, func(b *testing.B) {
			log := startBacklog(b, "events", 300_000)
			for b.Loop() {
				bucket := objstoretest.New(b)
				reg := prometheus.NewRegistry()
				s, err := open(archive.Config{
					Kafka: kafka.Config{Brokers: log.Brokers}, Bucket: bucket, TempDir: b.TempDir(),
					Logger: slog.New(slog.DiscardHandler), Registerer: reg, Group: fmt.Sprintf("%s-%d", name, time.Now().UnixNano()),
				})
				if err != nil {
					b.Fatal(err)
				}
				began, used := time.Now(), cpu()
				ctx, cancel := context.WithCancel(b.Context())
				done := make(chan error, 1)
				go func() { done <- s.Run(ctx) }()
				for left := len(log.Ends); left > 0; time.Sleep(20 * time.Millisecond) {
					left = 0
					for _, at := range log.Ends {
						if sinktest.Progress(b, bucket, archive.ProgressKey(name, at.Topic, at.Partition)) < at.Offset {
							left++
						}
					}
				}
				used = cpu() - used
				b.ReportMetric(float64(log.Events)/used.Seconds(), "events/s/core")
				b.ReportMetric(float64(log.Events)/time.Since(began).Seconds(), "events/s")
				b.ReportMetric(peak(), "MiB-peak")
				cancel()
				<-done
				size := 0
				for object, err := range bucket.List(b.Context(), "", "") {
					if err != nil {
						b.Fatal(err)
					}
					size += int(object.Size)
				}
				b.ReportMetric(float64(size)/float64(log.Events), "B/event")
			}
		})
	}
}

// BenchmarkPostgresBacklog compares the sink with a plain COPY of the same rows.
func BenchmarkPostgresBacklog(b *testing.B) {
	log := startBacklog(b, "games", 100_000)
	for b.Loop() {
		db := postgrestest.New(b)
		s, err := postgres.New(postgres.Config{Kafka: kafka.Config{Brokers: log.Brokers}, Pool: db.Pool, Logger: slog.New(slog.DiscardHandler),
			Group: fmt.Sprintf("postgres-%d", time.Now().UnixNano())})
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		var want, at int64
		for _, at := range log.Ends {
			want += at.Offset
		}
		var first int64 // the time until the first batch is for joining the group
		for at < want {
			if at > 0 && first == 0 {
				first, began = at, time.Now()
			}
			if err := db.Pool.QueryRow(b.Context(), "SELECT coalesce(sum(next_offset), 0) FROM sink_offsets").Scan(&at); err != nil {
				b.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		sink := float64(want-first) / time.Since(began).Seconds()
		cancel()
		<-done
		copied := copyAgain(b, db)
		b.ReportMetric(sink, "games/s")
		b.ReportMetric(copied, "copied/s")
		b.ReportMetric(sink/copied, "ratio")
	}
}

// copyAgain copies the rows of the tables once more, by COPY alone. It returns the
// games per second.
func copyAgain(b *testing.B, db *postgrestest.Database) float64 {
	b.Helper()
	var games [][]any
	tables := map[string][][]any{"games": nil, "player_games": nil}
	columns := make(map[string][]string)
	for table := range tables {
		rows, err := db.Pool.Query(b.Context(), "SELECT * FROM "+table)
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range rows.FieldDescriptions() {
			columns[table] = append(columns[table], f.Name)
		}
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				b.Fatal(err)
			}
			tables[table] = append(tables[table], values)
		}
		if rows.Err() != nil {
			b.Fatal(rows.Err())
		}
	}
	if _, err := db.Pool.Exec(b.Context(), "TRUNCATE games, player_games"); err != nil {
		b.Fatal(err)
	}
	games = tables["games"]
	began := time.Now()
	const batch = 5000
	for i := 0; i < len(games); i += batch {
		to := min(i+batch, len(games))
		if err := pgx.BeginFunc(b.Context(), db.Pool, func(tx pgx.Tx) error {
			if _, err := tx.CopyFrom(b.Context(), pgx.Identifier{"games"}, columns["games"], pgx.CopyFromRows(games[i:to])); err != nil {
				return err
			}
			_, err := tx.CopyFrom(b.Context(), pgx.Identifier{"player_games"}, columns["player_games"], pgx.CopyFromRows(tables["player_games"][2*i:2*to]))
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
	return float64(len(games)) / time.Since(began).Seconds()
}
