package processors_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/internal/kafka/realkafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

// assignments counts how often Goka takes partitions and recovers their tables.
type assignments struct {
	slog.Handler
	n *atomic.Int32
}

func (a assignments) Enabled(context.Context, slog.Level) bool { return true }
func (a assignments) WithAttrs(as []slog.Attr) slog.Handler {
	return assignments{a.Handler.WithAttrs(as), a.n}
}
func (a assignments) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "setup generation") && strings.Contains(r.Message, "claims=") {
		a.n.Add(1)
	}
	if r.Level < slog.LevelInfo {
		return nil
	}
	return a.Handler.Handle(ctx, r)
}

// movers play in games of their own, one move after the other, until the test stops
// them.
type movers struct {
	r       *rig
	mu      sync.Mutex
	waiting map[string]chan int64 // by key: the sequence numbers of its events
	longest time.Duration
	moves   map[string]int64
	running sync.WaitGroup
}

func startMovers(ctx context.Context, r *rig, keys []string) *movers {
	p := &movers{r: r, waiting: make(map[string]chan int64), moves: make(map[string]int64)}
	for _, key := range keys {
		p.waiting[key] = make(chan int64, 1000)
	}
	p.running.Go(func() { p.follow(ctx) })
	for _, key := range keys {
		p.running.Go(func() { p.play(ctx, key) })
	}
	return p
}

func (p *movers) follow(ctx context.Context) {
	client, err := kgo.NewClient(append(p.r.Config.Opts(), kgo.ConsumeTopics(schemas.GameEvents), kgo.FetchMaxWait(50*time.Millisecond))...)
	if err != nil {
		p.r.t.Error(err)
		return
	}
	defer client.Close()
	for ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(rec *kgo.Record) {
			ev, err := schemas.DecodeEvent(rec.Value)
			if err != nil {
				p.r.t.Error(err)
				return
			}
			p.waiting[ev.Key] <- ev.Seq
		})
	}
}

func (p *movers) play(ctx context.Context, key string) {
	for n := int64(0); ctx.Err() == nil; n++ {
		uci := moveWhite
		if n%2 == 1 {
			uci = moveBlack
		}
		cmd, sent := move(key, uci, n), time.Now()
		for p.r.producer.Send(ctx, cmd) != nil && ctx.Err() == nil {
		}
		select {
		case <-ctx.Done():
			return
		case seq := <-p.waiting[key]:
			if seq != n+1 {
				p.r.t.Errorf("event %d of %s follows event %d", seq, key, n)
			}
		}
		p.mu.Lock()
		p.longest = max(p.longest, time.Since(sent))
		p.moves[key]++
		p.mu.Unlock()
		time.Sleep(50 * time.Millisecond)
	}
}

// takeLongest returns the longest answered move since the last call.
func (p *movers) takeLongest() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	longest := p.longest
	p.longest = 0
	return longest
}

// waitMoved waits until a move that is sent from now on is answered in every game, and
// returns how long that took.
func (p *movers) waitMoved() time.Duration {
	p.r.t.Helper()
	began := time.Now()
	p.mu.Lock()
	want := make(map[string]int64)
	for key := range p.waiting {
		want[key] = p.moves[key] + 2
	}
	p.mu.Unlock()
	eventually.True(p.r.t, "a move in every game", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for key, n := range want {
			if p.moves[key] < n {
				return false
			}
		}
		return true
	})
	return time.Since(began)
}

// A broker after the other is restarted, as in an upgrade of Kafka. Then two are lost
// at once, longer than a session lasts. No test can be exact about times on a machine
// with other load, so they are logged.
func TestBrokersAreRestartedWithoutMovingPartitions(t *testing.T) {
	t.Parallel()
	cluster := realkafka.StartCluster(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := &rig{Cluster: &kafkatest.Cluster{Config: kafka.Config{Brokers: cluster.Brokers()}}, t: t}
	if err := kafka.EnsureTopics(ctx, r.Config, kafka.TopicOptions{Partitions: 12, Replication: 3, MinISR: 2}); err != nil {
		t.Fatal(err)
	}
	if err := topology.Ensure(ctx, r.Config); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.producer, err = kafka.NewProducer(r.Config); err != nil {
		t.Fatal(err)
	}
	defer r.producer.Close()
	_, taken := r.startCounted()
	var keys []string
	for n := range 12 {
		keys = append(keys, fmt.Sprint("game-", n))
	}
	playing := startMovers(ctx, r, keys)
	defer func() {
		cancel()
		playing.running.Wait()
	}()
	playing.waitMoved()
	playing.takeLongest()

	for i := range cluster.Len() {
		cluster.WaitInSync(ctx)
		cluster.Broker(i).Stop()
		cluster.Broker(i).Restart()
		playing.waitMoved()
		t.Logf("broker %d restarted: longest move %s", i, playing.takeLongest())
	}
	if n := taken.Load(); n != 1 {
		t.Errorf("the partitions were assigned %d times, want once", n)
	}

	cluster.WaitInSync(ctx)
	cluster.Broker(1).Kill()
	cluster.Broker(2).Kill()
	select {
	case <-ctx.Done():
	case <-time.After(r.Config.Session() + 2*time.Second): // the outage outlasts the session
	}
	cluster.Broker(1).Launch()
	cluster.Broker(2).Restart()
	cluster.Broker(1).Wait()
	t.Logf("two brokers are back: a move in every game after %s", playing.waitMoved())
}

// Goka's producer must not give up what cannot be written yet: that would end the
// session, and all partitions would move.
func TestUnwritableTopicIsWaitedOutWithoutMovingPartitions(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	r.RequireFake(t)
	r.Config.SendTimeout = 300 * time.Millisecond
	_, taken := r.startCounted()
	restore := r.LoseProduced(t, schemas.GamesTable)
	defer restore()
	first := move("g", moveWhite, 1)
	r.send(first)
	r.waitLog(schemas.GameEvents, 1)
	select {
	case <-t.Context().Done():
	case <-time.After(3 * r.Config.SendTimeout):
	}
	if n := r.committed(kafka.PartitionOf("g", 2)); n > 0 {
		t.Errorf("the command was committed before its row was written: offset %d", n)
	}
	restore()
	r.waitLog(schemas.GamesTable, 1)
	r.waitCommitted(kafka.PartitionOf("g", 2), 1)
	r.checkEvents(first)
	if n := taken.Load(); n != 1 {
		t.Errorf("the partitions were assigned %d times, want once", n)
	}
}

// Within the session timeout, the group still counts the member in.
func TestOutageShorterThanASessionMovesNoPartition(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	r.RequireFake(t)
	r.Config.SessionTimeout = time.Minute
	_, taken := r.startCounted()
	first := move("g", moveWhite, 1)
	r.send(first)
	r.waitLog(schemas.GameEvents, 1)
	r.Down()
	select { // heartbeats fail several times a second meanwhile
	case <-t.Context().Done():
	case <-time.After(3 * time.Second):
	}
	r.Up()
	second := move("g", moveBlack, 1)
	r.send(second)
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(first, second)
	if n := taken.Load(); n != 1 {
		t.Errorf("the partitions were assigned %d times, want once", n)
	}
}
