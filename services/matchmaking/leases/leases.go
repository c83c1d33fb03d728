// Package leases keeps the tickets of players alive whom this instance of the service
// hears of: their event stream is open here, or they repeat the join. Only a departure
// and a return are commands. That the instance itself lives, it says to all queues at
// once by a sign in broker-clock; when the signs stop, its leases end.
//
// Nothing is remembered that the rows of the queues do not say better: a sweep compares
// them with who is here, and sends what is missing. So a command that is lost, a stream
// that moves to another instance, and an instance that was silent for a while all mend
// themselves at the next sweep.
package leases

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/queue"
	"tabiya/schemas"
)

const (
	// joinCounts is how long a join is a sign of life. A ticket is not paired later than
	// 15 s after the last one; this leaves time for the command and for a wave.
	joinCounts = 10 * time.Second
	// reconnectWithin is how long a stream may be away before its player has departed.
	reconnectWithin = 2 * time.Second
	sweepEvery      = 500 * time.Millisecond
	// repeatAfter is when a command is sent again whose effect is not seen in the row.
	repeatAfter = 2 * time.Second
)

// Sender sends commands and records; *kafka.Producer.
type Sender interface {
	Send(ctx context.Context, messages ...schemas.Message) error
	SendRecordAsync(r *kgo.Record, done func(error))
}

// Config configures a Keeper. All fields must be set.
type Config struct {
	Sender Sender
	// Connected reports whether an event stream of the player is open here.
	Connected func(playerID string) bool
	// Queues calls fn for each row of a queue that has one.
	Queues func(fn func(*queue.State))
	Logger *slog.Logger
}

// Keeper holds the leases of this instance.
type Keeper struct {
	cfg      Config
	instance uuid.UUID
	sent     *prometheus.CounterVec

	mu    sync.Mutex
	joins map[string]time.Time // when a player last joined, for joinCounts

	missing map[uuid.UUID]time.Time // since when the player of a ticket that is held here is away
	asked   map[uuid.UUID]time.Time // when a command about a ticket was sent
}

// New returns a Keeper under an id that no other instance has, and none had before.
func New(cfg Config) *Keeper {
	return &Keeper{
		cfg: cfg, instance: uuid.New(),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tabiya_matchmaking_leases_total", Help: "Leases of tickets that this instance took or let lapse.",
		}, []string{"command"}),
		joins: make(map[string]time.Time), missing: make(map[uuid.UUID]time.Time), asked: make(map[uuid.UUID]time.Time),
	}
}

// Collector returns the metric.
func (k *Keeper) Collector() prometheus.Collector { return k.sent }

// Instance returns the id of this instance.
func (k *Keeper) Instance() string { return k.instance.String() }

// Joined notes a join, which is a sign of life.
func (k *Keeper) Joined(playerID string, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.joins[strings.Clone(playerID)] = at
}

// Run gives signs of life and sweeps until ctx is done.
func (k *Keeper) Run(ctx context.Context) error {
	sign, sweep := time.NewTicker(schemas.InstanceSignEvery), time.NewTicker(sweepEvery)
	defer sign.Stop()
	defer sweep.Stop()
	var underway atomic.Bool // one at a time, so that an outage does not queue them up
	for {
		if !underway.Swap(true) {
			r := &kgo.Record{Topic: schemas.BrokerClock, Key: []byte(schemas.InstanceSign + k.Instance()), Value: []byte("{}")}
			k.cfg.Sender.SendRecordAsync(r, func(error) { underway.Store(false) })
		}
		for signed := false; !signed; {
			select {
			case <-ctx.Done():
				return nil
			case <-sign.C:
				signed = true
			case <-sweep.C:
				k.sweep(ctx, time.Now())
			}
		}
	}
}

// sweep sends what the rows lack.
func (k *Keeper) sweep(ctx context.Context, now time.Time) {
	commands := k.due(now)
	if len(commands) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, repeatAfter)
	defer cancel()
	messages := make([]schemas.Message, len(commands))
	for i, cmd := range commands {
		messages[i] = cmd
		k.sent.WithLabelValues(string(cmd.Type)).Inc()
	}
	if err := k.cfg.Sender.Send(ctx, messages...); err != nil && ctx.Err() == nil {
		k.cfg.Logger.Warn("leases not told; the next sweep tries again", "err", err, "commands", len(commands))
	}
}

// due returns the commands that bring the rows in line with who is here.
func (k *Keeper) due(now time.Time) (commands []schemas.Command) {
	k.forget(now)
	held := make(map[uuid.UUID]bool)
	k.cfg.Queues(func(row *queue.State) {
		for i := range row.Waiting {
			t := &row.Waiting[i]
			switch here := k.hears(t.PlayerID.String(), now); {
			case here:
				delete(k.missing, t.TicketID)
				if (t.Dormant() || t.Holder == uuid.Nil) && k.mayAsk(t.TicketID, now) {
					commands = append(commands, k.command(schemas.HoldTicket, row.Key, t.TicketID, now))
				}
			case t.Holder == k.instance && !t.Dormant():
				held[t.TicketID] = true
				since, known := k.missing[t.TicketID]
				if !known {
					k.missing[t.TicketID] = now
				} else if now.Sub(since) >= reconnectWithin && k.mayAsk(t.TicketID, now) {
					commands = append(commands, k.command(schemas.LapseTicket, row.Key, t.TicketID, now))
				}
			}
		}
	})
	for ticket := range k.missing {
		if !held[ticket] {
			delete(k.missing, ticket)
		}
	}
	return commands
}

// hears reports whether this instance has heard of the player lately.
func (k *Keeper) hears(playerID string, now time.Time) bool {
	if k.cfg.Connected(playerID) {
		return true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	at, ok := k.joins[playerID]
	return ok && now.Sub(at) < joinCounts-reconnectWithin
}

// forget drops what is too old to matter.
func (k *Keeper) forget(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, at := range k.joins {
		if now.Sub(at) >= joinCounts {
			delete(k.joins, id)
		}
	}
	for id, at := range k.asked {
		if now.Sub(at) >= repeatAfter {
			delete(k.asked, id)
		}
	}
}

// mayAsk notes that a command about a ticket is sent, unless one was a moment ago.
func (k *Keeper) mayAsk(ticket uuid.UUID, now time.Time) bool {
	if _, waiting := k.asked[ticket]; waiting {
		return false
	}
	k.asked[ticket] = now
	return true
}

func (k *Keeper) command(t schemas.CommandType, key string, ticket uuid.UUID, now time.Time) schemas.Command {
	return schemas.Command{
		ID: schemas.DerivedID(ticket.String(), string(t)+"/"+k.Instance(), now.UnixMilli()), Type: t, Key: key,
		Region: schemas.QueueRegion(key), Actor: schemas.ActorSystem,
		Payload: &schemas.HoldTicketPayload{TicketID: ticket.String(), Holder: k.Instance()},
	}
}
