package processors_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/schemas"
)

// movers play in games of their own, one move after the other, each sent until it is
// answered by an event.
type movers struct {
	r       *rig
	stop    func() // waits until they have stopped
	events  map[string]chan int64
	mu      sync.Mutex
	longest time.Duration
	moves   map[string]int64 // answered, by game
}

func startMovers(t *testing.T, r *rig, games []string) *movers {
	t.Helper()
	client, err := kgo.NewClient(append(r.Config.Opts(), kgo.ConsumeTopics(schemas.GameEvents), kgo.FetchMaxWait(50*time.Millisecond))...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &movers{r: r, events: make(map[string]chan int64), moves: make(map[string]int64)}
	for _, game := range games {
		m.events[game] = make(chan int64, 1000)
	}
	var running sync.WaitGroup
	running.Go(func() { m.follow(ctx, client) })
	for _, game := range games {
		running.Go(func() { m.play(ctx, game) })
	}
	m.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		client.Close()
	})
	t.Cleanup(m.stop)
	return m
}

func (m *movers) follow(ctx context.Context, client *kgo.Client) {
	for ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			ev, err := schemas.DecodeEvent(r.Value)
			if err != nil {
				m.r.t.Error(err)
				return
			}
			m.events[ev.Key] <- ev.Seq
		})
	}
}

func (m *movers) play(ctx context.Context, game string) {
	for n := int64(0); ctx.Err() == nil; n++ {
		uci := moveWhite
		if n%2 == 1 {
			uci = moveBlack
		}
		cmd, sent := move(game, uci, n), time.Now()
		for m.r.producer.Send(ctx, cmd) != nil && ctx.Err() == nil { // a repeat is refused
		}
		select {
		case <-ctx.Done():
			return
		case seq := <-m.events[game]:
			if seq != n+1 {
				m.r.t.Errorf("event %d of %s follows event %d", seq, game, n)
			}
		}
		m.mu.Lock()
		m.longest = max(m.longest, time.Since(sent))
		m.moves[game]++
		m.mu.Unlock()
		pause(ctx, 50*time.Millisecond)
	}
}

// takeLongest returns the longest wait for an answer since the last call.
func (m *movers) takeLongest() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	longest := m.longest
	m.longest = 0
	return longest
}

// waitMoved waits until a move that is sent from now on is answered in every game, and
// returns how long that took.
func (m *movers) waitMoved() time.Duration {
	m.r.t.Helper()
	began := time.Now()
	want := make(map[string]int64)
	m.mu.Lock()
	for game := range m.events {
		want[game] = m.moves[game] + 2 // the next one may have been sent before
	}
	m.mu.Unlock()
	eventually.True(m.r.t, "a move in every game", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		for game, n := range want {
			if m.moves[game] < n {
				return false
			}
		}
		return true
	})
	return time.Since(began)
}

// checkLog fails the test unless the events of each game are those that answered its
// moves, in order and once each, and perhaps one more.
func (m *movers) checkLog() {
	m.r.t.Helper()
	seqs := make(map[string]int64)
	for _, r := range m.r.log(schemas.GameEvents) {
		ev, err := schemas.DecodeEvent(r.Value)
		if err != nil {
			m.r.t.Fatal(err)
		}
		if seqs[ev.Key]++; ev.Seq != seqs[ev.Key] {
			m.r.t.Fatalf("event %d of %s follows event %d", ev.Seq, ev.Key, seqs[ev.Key]-1)
		}
	}
	for game, moves := range m.moves {
		if n := seqs[game]; n < moves || n > moves+1 {
			m.r.t.Errorf("%s has %d events, but %d of its moves were answered", game, n, moves)
		}
	}
}
