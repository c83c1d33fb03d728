package test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/embedded/pgchild"
	"tabiya/internal/kafka/realkafka"
	"tabiya/internal/objstore"
	"tabiya/internal/postgres"
)

// target is what a fault hits.
type target interface {
	kill()  // SIGKILL
	stop()  // SIGTERM, and waits for the end
	start() // after kill or stop
	pause() // SIGSTOP
	resume()
	ready(ctx context.Context) error // nil if it does its work
}

// stopLimit is how long a process may take to end after SIGTERM.
const stopLimit = 20 * time.Second

// program is a process of the built program, or the S3 store.
type programTarget struct {
	*process
	works func(context.Context) error
	found func(format string, args ...any)

	mu   sync.Mutex
	down bool // by a fault
}

func (p *programTarget) kill() { p.end(syscall.SIGKILL) }
func (p *programTarget) stop() { p.end(syscall.SIGTERM) }

func (p *programTarget) end(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	p.signal(s)
	select {
	case <-p.exited:
	case <-time.After(stopLimit):
		p.found("%s did not end within %s of %s", p.name, stopLimit, s)
		p.process.kill()
	}
}

func (p *programTarget) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.process.start()
	p.down = false
}

func (p *programTarget) pause()                          { p.signal(syscall.SIGSTOP) }
func (p *programTarget) resume()                         { p.signal(syscall.SIGCONT) }
func (p *programTarget) ready(ctx context.Context) error { return p.works(ctx) }

// restartIfCrashed starts the process again if it ended by itself, which is a finding.
func (p *programTarget) restartIfCrashed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.exited:
		if !p.down {
			text := p.log.String()
			p.found("%s ended by itself: %v: %s", p.name, p.cmd.ProcessState, text[max(0, len(text)-2000):])
			p.process.start()
		}
	default:
	}
}

// readyAt asks /readyz.
func readyAt(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		body, status, err := get(ctx, url+"/readyz")
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d: %s", status, body)
		}
		return err
	}
}

// storeWorks asks the store whether it has the bucket.
func storeWorks(config objstore.Config) func(context.Context) error {
	return func(ctx context.Context) error {
		bucket, err := objstore.Open(ctx, config)
		if err != nil {
			return err
		}
		defer bucket.Close()
		return bucket.Ping(ctx)
	}
}

// brokerTarget is a broker of a cluster.
type brokerTarget struct {
	*realkafka.Broker
	all    []string // addresses of the cluster
	writes teller   // to a partition that this broker alone has
}

func (b *brokerTarget) kill()   { b.Kill() }
func (b *brokerTarget) stop()   { b.Stop() }
func (b *brokerTarget) start()  { b.Launch() }
func (b *brokerTarget) pause()  { b.Pause() }
func (b *brokerTarget) resume() { b.Resume() }

// ready returns nil if the broker takes records and all replicas of all partitions are
// in sync.
func (b *brokerTarget) ready(ctx context.Context) error {
	if _, err := b.writes(ctx); err != nil {
		return err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.all...))
	if err != nil {
		return err
	}
	defer client.Close()
	topics, err := kadm.NewClient(client).ListTopicsWithInternal(ctx)
	if err != nil {
		return err
	}
	for _, t := range topics {
		for _, p := range t.Partitions {
			if p.Err != nil || len(p.ISR) < len(p.Replicas) {
				return errors.Join(fmt.Errorf("%s/%d: in sync %v of %v", t.Topic, p.Partition, p.ISR, p.Replicas), p.Err)
			}
		}
	}
	return nil
}

// postgresTarget is a PostgreSQL server, which starts again by itself. Its fast shutdown
// is SIGINT: SIGTERM waits for clients, which do not leave.
type postgresTarget struct{ server *pgchild.Server }

func (p *postgresTarget) kill()  { _ = syscall.Kill(p.server.PID(), syscall.SIGKILL) }
func (p *postgresTarget) stop()  { _ = syscall.Kill(p.server.PID(), syscall.SIGINT) }
func (p *postgresTarget) start() {}

func (p *postgresTarget) pause()  { p.signalAll(syscall.SIGSTOP) }
func (p *postgresTarget) resume() { p.signalAll(syscall.SIGCONT) }

// signalAll signals the server and its processes, one for each connection.
func (p *postgresTarget) signalAll(s syscall.Signal) {
	pid := p.server.PID()
	_ = syscall.Kill(pid, s)
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			if child, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
				_ = syscall.Kill(child, s)
			}
		}
	}
}

func (p *postgresTarget) ready(ctx context.Context) error {
	pool, err := postgres.Open(ctx, p.server.DSN())
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = pool.Exec(ctx, "SELECT 1")
	return err
}
