package queue

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"tabiya/schemas"
)

// Liveness of tickets. An instance of the matchmaking service hears of a player (their
// event stream is open, or they repeat the join) and holds the lease of their ticket.
// Only departures and returns are commands; that an instance is silent ends all leases
// that it held. What an instance says twice, or too late, does no harm: a lease is
// changed by its holder alone, and a dormant ticket by whoever hears of the player.

// hold handles HoldTicket: somebody has heard of the player.
func (d decision) hold(s *State, p *schemas.HoldTicketPayload) (*State, bool, []schemas.Message) {
	id, holder := parsed(p.TicketID), parsed(p.Holder)
	i := s.waiting(id)
	if i < 0 || holder == uuid.Nil || (s.Waiting[i].Holder == holder && !s.Waiting[i].Dormant()) {
		return s, false, nil
	}
	n := s.clone()
	n.Waiting[i].Holder, n.Waiting[i].LapsedAt = holder, 0
	return d.finish(n)
}

// lapse handles LapseTicket: the holder does not hear of the player any more.
func (d decision) lapse(s *State, p *schemas.HoldTicketPayload) (*State, bool, []schemas.Message) {
	i := s.waiting(parsed(p.TicketID))
	if i < 0 || s.Waiting[i].Dormant() || s.Waiting[i].Holder != parsed(p.Holder) {
		return s, false, nil
	}
	n := s.clone()
	n.Waiting[i].LapsedAt = d.at
	return d.finish(n)
}

// endLeases handles EndLeases: instances are silent.
func (d decision) endLeases(s *State, p *schemas.EndLeasesPayload) (*State, bool, []schemas.Message) {
	lapses := func(t *Ticket) bool {
		return !t.Dormant() && t.Holder != uuid.Nil && slices.Contains(p.Holders, t.Holder.String())
	}
	if !slices.ContainsFunc(s.Waiting, func(t Ticket) bool { return lapses(&t) }) {
		return s, false, nil
	}
	n := s.clone()
	for i := range n.Waiting {
		if t := &n.Waiting[i]; lapses(t) {
			t.LapsedAt = d.at
		}
	}
	return d.finish(n)
}

// dropLapsed handles DropLapsed: tickets that have been dormant for too long leave the
// queue, and their players' seats are free.
func (d decision) dropLapsed(s *State) (*State, bool, []schemas.Message) {
	n := s.clone()
	var facts []fact
	n.Waiting = slices.DeleteFunc(n.Waiting, func(t Ticket) bool {
		if !t.Dormant() || t.Returning || d.at < t.LapsedAt.Add(d.cfg.Dormancy) {
			return false
		}
		n.Seq++
		facts = append(facts, fact{kind: left, seq: n.Seq, white: t.Party})
		return true
	})
	if len(facts) == 0 {
		return s, false, nil
	}
	return d.finish(n, facts...)
}

// makeRoom removes the ticket that has been dormant for longest, so that players who are
// gone keep nobody out. Returns its party, none if there is no such ticket.
func (s *State) makeRoom() []Party {
	longest := -1
	for i := range s.Waiting {
		t := &s.Waiting[i]
		if t.Dormant() && !t.Returning && (longest < 0 || t.LapsedAt < s.Waiting[longest].LapsedAt) {
			longest = i
		}
	}
	if longest < 0 {
		return nil
	}
	gone := s.Waiting[longest].Party
	s.Waiting = slices.Delete(s.Waiting, longest, longest+1)
	return []Party{gone}
}

func (s *State) waiting(ticket uuid.UUID) int {
	return slices.IndexFunc(s.Waiting, func(t Ticket) bool { return t.TicketID == ticket })
}

// Holders returns the instances that hold a lease of a waiting ticket.
func (s *State) Holders() (holders []string) {
	for i := range s.Waiting {
		if t := &s.Waiting[i]; !t.Dormant() && t.Holder != uuid.Nil && !slices.Contains(holders, t.Holder.String()) {
			holders = append(holders, t.Holder.String())
		}
	}
	return holders
}

// lastJoin returns the time of the last wave or, if it is later, that of the last join.
func (s *State) lastJoin() schemas.Time {
	at := s.LastWave
	for i := range s.Waiting {
		at = max(at, s.Waiting[i].JoinedAt)
	}
	return at
}

// CheckLeases is the command that ends the leases of silent instances.
func CheckLeases(key string, wave int64, silent []string) schemas.Command {
	if silent == nil {
		silent = []string{}
	}
	return schemas.Command{
		ID: schemas.DerivedID(key, "end-leases", wave), Type: schemas.EndLeases, Key: key, Region: schemas.QueueRegion(key),
		Actor: schemas.ActorSystem, Payload: &schemas.EndLeasesPayload{Holders: silent},
	}
}

// dropTimer returns when the first dormant ticket is to be dropped; ok is false if there
// is none.
func (c Config) dropTimer(s *State) (at schemas.Time, ok bool) {
	for i := range s.Waiting {
		if t := &s.Waiting[i]; t.Dormant() && !t.Returning {
			if due := t.LapsedAt.Add(c.Dormancy); !ok || due < at {
				at, ok = due, true
			}
		}
	}
	return at, ok
}

// leaseCheck is how long a queue without a wave waits before its leases are checked. A
// wave checks them too.
const leaseCheck = 5 * time.Second
