package rebuild

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/player"
	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// clockSkew is how much earlier than its command's broker time an event's may be.
const clockSkew = time.Minute

// PlayerSurvey is what is known of a player beside their events.
type PlayerSurvey struct {
	Seat player.Seat
	// Results are the rated results that their row does not have, in order.
	Results []schemas.LateCommand
}

// Player returns what is known of a player beside their events. Their row must be
// quarantined.
func Player(ctx context.Context, cfg kafka.Config, playerID string) (PlayerSurvey, error) {
	seat, err := Seat(ctx, cfg, playerID)
	if err != nil {
		return PlayerSurvey{}, err
	}
	results, err := lateResults(ctx, cfg, playerID)
	return PlayerSurvey{seat, results}, err
}

// lateResults returns the rated results in player-commands that led to no event. They
// were refused because the row could not be read. Commands are kept for a week.
func lateResults(ctx context.Context, cfg kafka.Config, playerID string) (late []schemas.LateCommand, err error) {
	partitions, err := kafka.PartitionCount(ctx, cfg, schemas.PlayerCommands)
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	partition := kafka.PartitionOf(playerID, partitions)
	err = kafka.ReadPartition(ctx, client, schemas.PlayerCommands, partition, time.UnixMilli(0), func(r *kgo.Record) error {
		if string(r.Key) != playerID {
			return nil
		}
		cmd, err := schemas.DecodeCommand(r.Value)
		if err != nil || cmd.Key != playerID {
			return nil //nolint:nilerr // not a command of the player
		}
		if p, ok := cmd.Payload.(*schemas.RecordResultPayload); ok && p.Rated {
			late = append(late, schemas.LateCommand{Command: cmd, At: schemas.TimeOf(r.Timestamp)})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the results of player %s: %w", playerID, err)
	}
	if len(late) == 0 {
		return nil, nil
	}
	rated := make(map[string]bool) // by game
	err = kafka.ReadPartition(ctx, client, schemas.PlayerEvents, partition, late[0].At.Std().Add(-clockSkew), func(r *kgo.Record) error {
		if ev, ok := decode(r); ok && ev.Key == playerID {
			if p, ok := ev.Payload.(*schemas.PlayerRatedPayload); ok {
				rated[p.GameID] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the ratings of player %s: %w", playerID, err)
	}
	return slices.DeleteFunc(late, func(l schemas.LateCommand) bool {
		return rated[l.Command.Payload.(*schemas.RecordResultPayload).GameID]
	}), nil
}
