package queue

import (
	"slices"

	"github.com/google/uuid"

	"tabiya/schemas"
)

// Survey is what the other aggregates know of a queue.
type Survey struct {
	// Partitions and Next become those of the row: commands of players below Next count
	// as arrived, as their senders are among Seats or hold no seat any more.
	Partitions int32
	Next       []int64
	Seats      []Seat
	// Started tells whether a match's game has started.
	Started func(gameID string) bool
}

// Seat is the seat of a player who is queued.
type Seat struct{ PlayerID, TicketID string }

// Rebuild makes the row of a queue again after its events were applied to s, nil if
// there are none. Matches remain. Nobody waits any more: those who did, by the events
// or by their seats, are told that they left the queue, and their seats are released.
// The row's version is given, because it has to be higher than all before.
func (c Config) Rebuild(s *State, survey Survey, cmd schemas.Command, at schemas.Time, version, offset int64) (next *State, out []schemas.Message) {
	d := decision{c, cmd, at, offset}
	n := &State{Key: cmd.Key}
	if s != nil {
		n = s.clone()
	}
	var facts []fact
	add := func(f fact) {
		n.Seq++
		f.seq = n.Seq
		facts = append(facts, f)
	}
	playing := make(map[uuid.UUID]bool)
	n.Matches = slices.DeleteFunc(n.Matches, func(m Match) bool {
		playing[m.White.TicketID], playing[m.Black.TicketID] = true, true
		if !survey.Started(m.GameID.String()) {
			return false
		}
		add(fact{kind: confirmed, white: m.White.Party, black: m.Black.Party, game: m.GameID})
		return true
	})
	dismiss := func(ticket, player uuid.UUID) {
		if !playing[ticket] {
			playing[ticket] = true // once is enough
			add(fact{kind: left, white: Party{TicketID: ticket, PlayerID: player}})
		}
	}
	for _, t := range n.Waiting {
		dismiss(t.TicketID, t.PlayerID)
	}
	for _, seat := range survey.Seats {
		dismiss(parsed(seat.TicketID), parsed(seat.PlayerID))
	}
	n.Waiting, n.Partitions, n.Next = nil, survey.Partitions, slices.Clone(survey.Next)
	next, _, out = d.finish(n, facts...)
	next.Version = version
	return next, out
}

// ReleaseRefused returns the command that frees the seat of a ticket whose EnterQueue
// was refused because the queue is quarantined; nil for other commands.
func ReleaseRefused(cmd schemas.Command, at schemas.Time) []schemas.Message {
	p, ok := cmd.Payload.(*schemas.EnterQueuePayload)
	if !ok {
		return nil
	}
	d := decision{cmd: cmd, at: at}
	return []schemas.Message{d.releaseSeat(&fact{white: Party{TicketID: parsed(p.TicketID), PlayerID: parsed(p.PlayerID)}})}
}

// PartyOf returns the side of a player who waits, has a match, or has taken their seat
// for a named game.
func (s *State) PartyOf(playerID string) (side schemas.Seated, ok bool) {
	id := parsed(playerID)
	for i := range s.Waiting {
		if t := &s.Waiting[i]; t.PlayerID == id {
			return t.seated(), true
		}
	}
	for i := range s.Pairs {
		for _, p := range []*Party{s.Pairs[i].White, s.Pairs[i].Black} {
			if p != nil && p.PlayerID == id {
				return p.seated(), true
			}
		}
	}
	for i := range s.Matches {
		for _, t := range []*Ticket{&s.Matches[i].White, &s.Matches[i].Black} {
			if t.PlayerID == id {
				return t.seated(), true
			}
		}
	}
	return side, false
}

// Sides returns the two sides of a match.
func (m *Match) Sides() (white, black schemas.Seated) { return m.White.seated(), m.Black.seated() }
