package player

import (
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"tabiya/internal/core/rating"
	"tabiya/schemas"
)

// How much a row remembers. All of it bounds what a client can make grow.
const (
	acceptedKept = 16 // client commands whose repeat is recognised
	gamesKept    = 64 // rated games whose repeat is recognised
	outboxKept   = 64 // events that a replay can say again
	outboxLeast  = 4  // of them, kept whatever their age
	outboxAge    = 2 * time.Minute
	handleMax    = 64 // bytes; the account service allows less
)

// Rating is the player's strength at a speed; New's if he has not played it.
func (s *State) Rating(speed schemas.Speed) Rating {
	for _, r := range s.Ratings {
		if r.Speed == speed {
			return r
		}
	}
	r := rating.New()
	return Rating{Speed: speed, Rating: r.Rating, Deviation: r.Deviation, Volatility: r.Volatility}
}

// Provisional reports whether the rating is still a guess.
func (r Rating) Provisional() bool { return r.Deviation >= rating.ProvisionalFrom }

func (s *State) setRating(r Rating) {
	i := slices.IndexFunc(s.Ratings, func(old Rating) bool { return old.Speed == r.Speed })
	if i < 0 {
		s.Ratings = append(s.Ratings, r)
		return
	}
	s.Ratings[i] = r
}

// stamp makes s the row after the command.
func (s *State) stamp(j judge) {
	s.Version++
	s.Offset = j.origin.Offset
	for len(s.Outbox) > outboxLeast && (len(s.Outbox) > outboxKept || s.Outbox[0].Event.OccurredAt < j.at.Add(-outboxAge)) {
		s.Outbox = s.Outbox[1:]
	}
}

// remember notes an accepted client command.
func (s *State) remember(j judge, seq int64) {
	a := Accepted{fingerprintID(j.cmd.ID), fingerprint(j.cmd), seq, j.origin.Offset}
	s.Accepted = keepLast(append(s.Accepted, a), acceptedKept)
}

func (s *State) acceptedBefore(cmd schemas.Command) (Accepted, bool) {
	key := fingerprintID(cmd.ID)
	for i := len(s.Accepted) - 1; i >= 0; i-- {
		if s.Accepted[i].Key == key {
			return s.Accepted[i], true
		}
	}
	return Accepted{}, false
}

func keepLast[E any](list []E, n int) []E { return list[max(0, len(list)-n):] }

func fingerprintID(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return h.Sum64()
}

// fingerprint is what a client command asks for: the same id for anything else
// is a key that was used twice.
func fingerprint(cmd schemas.Command) uint32 {
	h := fnv.New32a()
	write := func(part string) { _, _ = h.Write([]byte(strconv.Itoa(len(part)) + ":" + part)) }
	write(string(cmd.Type))
	switch p := cmd.Payload.(type) {
	case *schemas.JoinQueuePayload:
		write(p.Queue)
	case *schemas.RegisterPlayerPayload:
		write(p.Handle)
		write(p.Country)
	case *schemas.UpdatePlayerPayload:
		write(p.Handle)
		write(p.Country)
		write(strconv.FormatInt(p.Revision, 10))
	}
	return h.Sum32()
}

func validFacts(handle, country string) bool {
	return handle != "" && len(handle) <= handleMax && (country == "" || len(country) == 2)
}
