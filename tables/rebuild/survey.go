package rebuild

import (
	"context"
	"maps"
	"slices"

	"tabiya/internal/core/game"
	"tabiya/internal/core/player"
	"tabiya/internal/core/queue"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

// liveGames are the games of queues in games-table.
type liveGames struct {
	games map[string]*seats // by game id
}

// seats are the two sides of a game that a queue made.
type seats struct {
	tickets [2]string
	playing map[string]player.Seat // by player; none once the game is over
}

// readGames reads the games of queues from games-table.
func readGames(ctx context.Context, cfg kafka.Config) (liveGames, error) {
	l := liveGames{games: make(map[string]*seats)}
	err := tables.Each(ctx, cfg, tables.Games(), func(_ int32, key string, g *game.State) {
		if g == nil || g.Queue == "" {
			delete(l.games, key)
			return
		}
		known := &seats{tickets: [2]string{g.White.TicketID, g.Black.TicketID}}
		if !g.Over() {
			known.playing = map[string]player.Seat{
				g.White.PlayerID: player.PlayingSeat(g.Queue, key, g.White, g.SeatedGame(schemas.White)),
				g.Black.PlayerID: player.PlayingSeat(g.Queue, key, g.Black, g.SeatedGame(schemas.Black)),
			}
		}
		l.games[key] = known
	})
	return l, err
}

func (l liveGames) started(gameID string) bool { return l.games[gameID] != nil }

// tickets returns the tickets of all games.
func (l liveGames) tickets() map[string]bool {
	tickets := make(map[string]bool)
	for _, g := range l.games {
		tickets[g.tickets[0]], tickets[g.tickets[1]] = true, true
	}
	return tickets
}

// seats returns the seats of the players of the games that are not over, by player.
func (l liveGames) seats() map[string]player.Seat {
	all := make(map[string]player.Seat)
	for _, g := range l.games {
		maps.Copy(all, g.playing)
	}
	return all
}

// queuedPlayers is what players-table tells the queues.
type queuedPlayers struct {
	next   []int64                          // by partition: the place after the last command that changed a row
	queues map[string]map[string]queue.Seat // by queue key and player id
}

func readQueuedPlayers(ctx context.Context, cfg kafka.Config) (queuedPlayers, error) {
	partitions, err := kafka.PartitionCount(ctx, cfg, schemas.PlayersTable)
	if err != nil {
		return queuedPlayers{}, err
	}
	q := queuedPlayers{next: make([]int64, partitions), queues: make(map[string]map[string]queue.Seat)}
	at := make(map[string]string) // the queue that a player is in, by player
	err = tables.Each(ctx, cfg, tables.Players(), func(partition int32, key string, s *player.State) {
		if was, ok := at[key]; ok {
			delete(q.queues[was], key)
			delete(at, key)
		}
		if s == nil {
			return
		}
		q.next[partition] = max(q.next[partition], s.Offset+1)
		if s.Seat.Status != player.Queued {
			return
		}
		if q.queues[s.Seat.Queue] == nil {
			q.queues[s.Seat.Queue] = make(map[string]queue.Seat)
		}
		q.queues[s.Seat.Queue][key] = queue.Seat{PlayerID: key, TicketID: s.Seat.TicketID}
		at[key] = s.Seat.Queue
	})
	return q, err
}

// survey returns what is known of one queue.
func survey(key string, players queuedPlayers, games liveGames) queue.Survey {
	s := queue.Survey{Partitions: int32(len(players.next)), Next: players.next, Started: games.started}
	playing := games.tickets()
	for _, id := range slices.Sorted(maps.Keys(players.queues[key])) {
		if seat := players.queues[key][id]; !playing[seat.TicketID] {
			s.Seats = append(s.Seats, seat)
		}
	}
	return s
}

// Queue returns what the other aggregates know of a queue. Its row must be quarantined,
// so that no match is made meanwhile.
func Queue(ctx context.Context, cfg kafka.Config, key string) (queue.Survey, error) {
	players, err := readQueuedPlayers(ctx, cfg)
	if err != nil {
		return queue.Survey{}, err
	}
	games, err := readGames(ctx, cfg) // after the players: who has a seat in a game by now is not queued
	return survey(key, players, games), err
}

// Seat returns the seat of a player by the other tables: in a game that is not over,
// else with a ticket in a queue, else idle.
func Seat(ctx context.Context, cfg kafka.Config, playerID string) (player.Seat, error) {
	queued := make(map[string]player.Seat) // by queue
	err := tables.Each(ctx, cfg, tables.Queues(), func(_ int32, key string, q *queue.State) {
		delete(queued, key)
		if q == nil {
			return
		}
		if p, ok := q.PartyOf(playerID); ok {
			queued[key] = player.QueuedSeat(key, p)
		}
	})
	if err != nil {
		return player.Seat{}, err
	}
	games, err := readGames(ctx, cfg)
	if err != nil {
		return player.Seat{}, err
	}
	if seat, ok := games.seats()[playerID]; ok {
		return seat, nil
	}
	if keys := slices.Sorted(maps.Keys(queued)); len(keys) > 0 {
		return queued[keys[0]], nil
	}
	return player.Seat{}, nil
}
