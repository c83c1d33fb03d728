// Package rebuild makes lost tables again: games from game-events, players from
// player-events with their seats from the games, and queues from queue-events.
//
// It works while the tables are closed (topology.Rebuild), so it is their only writer.
// Every row gets the place of the last command of its partition that was decided, so
// that no command is decided twice: the last one that is committed, or the last one
// that led to an event (schemas.HeaderPlace), whichever is later. Events of a partition
// are written in the order of their commands, so all commands before that one were
// decided, too.
package rebuild

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/player"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

// The names of the aggregates.
const (
	players = "player"
	queues  = "queue"
	games   = "game"
)

// Tables makes the tables of the named aggregates again, and those that are lost. Without
// names it makes the lost ones alone. Queues are made again with the players, because
// nobody who is queued keeps their seat then. It returns the number of rows by aggregate.
func Tables(ctx context.Context, cfg kafka.Config, logger *slog.Logger, names ...string) (map[string]int, error) {
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	wanted := slices.Clone(names)
	for _, a := range schemas.Aggregates() {
		lost, err := Lost(ctx, client, a)
		if err != nil {
			return nil, err
		}
		if lost && !slices.Contains(wanted, a.Name) {
			wanted = append(wanted, a.Name)
		}
	}
	if slices.Contains(wanted, players) && !slices.Contains(wanted, queues) {
		wanted = append(wanted, queues)
	}
	var aggregates []schemas.Aggregate
	for _, a := range schemas.Aggregates() {
		if slices.Contains(wanted, a.Name) {
			aggregates = append(aggregates, a)
		}
	}
	if len(aggregates) == 0 {
		return nil, nil
	}
	rows := make(map[string]int)
	err = topology.Rebuild(ctx, cfg, aggregates, func(s topology.Snapshot) error {
		b, err := newBuilder(ctx, cfg, logger, client, s)
		if err != nil {
			return err
		}
		defer b.producer.Close()
		return b.build(ctx, wanted, rows)
	})
	return rows, err
}

// Lost reports whether an aggregate's table must be made again: it is another topic than
// the one in topology, a rebuild was interrupted, or it is empty beside events.
func Lost(ctx context.Context, client *kgo.Client, a schemas.Aggregate) (bool, error) {
	s, err := topology.Read(ctx, client)
	if err != nil {
		return false, err
	}
	err = s.Check(ctx, client, a.Table)
	if errors.Is(err, topology.ErrMismatch) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	adm := kadm.NewClient(client)
	starts, err1 := adm.ListStartOffsets(ctx, a.Table, a.Events)
	ends, err2 := adm.ListEndOffsets(ctx, a.Table, a.Events)
	if err := errors.Join(err1, err2, starts.Error(), ends.Error()); err != nil {
		return false, fmt.Errorf("list offsets of %s: %w", a.Table, err)
	}
	for partition := range s.Of(a.Table).Partitions {
		records := func(topic string) int64 {
			start, _ := starts.Lookup(topic, partition)
			end, _ := ends.Lookup(topic, partition)
			return end.Offset - start.Offset
		}
		if records(a.Table) == 0 && records(a.Events) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// builder makes rows while the tables are closed.
type builder struct {
	cfg      kafka.Config
	logger   *slog.Logger
	client   *kgo.Client
	adm      *kadm.Client
	producer *kafka.Producer
	topology topology.Snapshot
	now      schemas.Time // broker time
}

func newBuilder(ctx context.Context, cfg kafka.Config, logger *slog.Logger, client *kgo.Client, s topology.Snapshot) (*builder, error) {
	producer, err := kafka.NewProducerFor(cfg, s)
	if err != nil {
		return nil, err
	}
	now, err := kafka.BrokerTime(ctx, cfg, producer)
	if err != nil {
		producer.Close()
		return nil, err
	}
	return &builder{cfg: cfg, logger: logger, client: client, adm: kadm.NewClient(client), producer: producer, topology: s, now: schemas.TimeOf(now)}, nil
}

// build makes the tables in the order in which they need one another.
func (b *builder) build(ctx context.Context, wanted []string, rows map[string]int) (err error) {
	if slices.Contains(wanted, games) {
		if rows[games], err = b.games(ctx); err != nil {
			return fmt.Errorf("rebuild games: %w", err)
		}
	}
	live, err := readGames(ctx, b.cfg)
	if err != nil {
		return err
	}
	seats := live.seats()
	var cut []int64
	if slices.Contains(wanted, players) {
		if cut, err = b.decided(ctx, aggregate(players)); err != nil {
			return err
		}
	}
	if slices.Contains(wanted, queues) {
		if rows[queues], err = b.queues(ctx, live, cut, seats); err != nil {
			return fmt.Errorf("rebuild queues: %w", err)
		}
	}
	if slices.Contains(wanted, players) {
		if rows[players], err = b.players(ctx, cut, seats); err != nil {
			return fmt.Errorf("rebuild players: %w", err)
		}
	}
	return nil
}

func aggregate(name string) schemas.Aggregate {
	for _, a := range schemas.Aggregates() {
		if a.Name == name {
			return a
		}
	}
	panic("rebuild: no aggregate has the name " + name)
}

// keepSeat notes that a player's ticket has a match whose game has not started.
func keepSeat(seats map[string]player.Seat, queue string, sides ...schemas.Seated) {
	for _, side := range sides {
		if _, plays := seats[side.PlayerID]; !plays {
			seats[side.PlayerID] = player.QueuedSeat(queue, side)
		}
	}
}
