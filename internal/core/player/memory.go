package player

import (
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"tabiya/internal/core/rating"
	"tabiya/schemas"
)

// Bounds of what a client can make the row grow by.
const (
	acceptedKept   = 16 // accepted client commands whose repeat is recognised
	gamesKept      = 64 // rated games whose repeat is recognised
	outboxMaxKept  = 64 // events that Replay can send again
	outboxMinKept  = 4  // of them kept at any age
	outboxMaxAge   = 2 * time.Minute
	maxHandleBytes = 64 // bytes; the account service allows less
)

// Rating returns the player's rating at a speed, or that of a new player if they have
// not played it.
func (s *State) Rating(speed schemas.Speed) Rating {
	for _, r := range s.Ratings {
		if r.Speed == speed {
			return r
		}
	}
	r := rating.New()
	return Rating{Speed: speed, Rating: r.Rating, Deviation: r.Deviation, Volatility: r.Volatility}
}

// RatingAt returns the player's rating at a speed as it is known at a time: the
// deviation grows while they do not play.
func (s *State) RatingAt(speed schemas.Speed, at schemas.Time) Rating {
	r := s.Rating(speed)
	r.Deviation = rating.Rating{Rating: r.Rating, Deviation: r.Deviation, Volatility: r.Volatility}.AfterIdle(r.idle(at)).Deviation
	return r
}

// idle returns the time since the last rated game, 0 if there is none.
func (r Rating) idle(at schemas.Time) time.Duration {
	if r.At == 0 {
		return 0
	}
	return max(at.Std().Sub(r.At.Std()), 0)
}

// Provisional reports whether the deviation is too high for the rating to be reliable.
func (r Rating) Provisional() bool { return r.Deviation >= rating.ProvisionalFrom }

func (s *State) setRating(r Rating) {
	i := slices.IndexFunc(s.Ratings, func(old Rating) bool { return old.Speed == r.Speed })
	if i < 0 {
		s.Ratings = append(s.Ratings, r)
		return
	}
	s.Ratings[i] = r
}

// finish sets the head of the row after the command and trims the outbox. The command's
// own events stay, although a repair can have many, and old ones (Settle).
func (s *State) finish(d decision) {
	s.Version++
	s.Offset = d.origin.Offset
	for len(s.Outbox) > outboxMinKept && s.Outbox[0].Offset != d.origin.Offset && (len(s.Outbox) > outboxMaxKept || s.Outbox[0].Event.OccurredAt < d.at.Add(-outboxMaxAge)) {
		s.Outbox = s.Outbox[1:]
	}
}

// addAccepted records an accepted client command.
func (s *State) addAccepted(d decision, seq int64) {
	a := Accepted{fingerprintID(d.cmd.ID), fingerprint(d.cmd), seq, d.origin.Offset}
	s.Accepted = keepLast(append(s.Accepted, a), acceptedKept)
}

func (s *State) acceptedBefore(cmd schemas.Command) (Accepted, bool) {
	key := fingerprintID(cmd.ID)
	for _, v := range slices.Backward(s.Accepted) {
		if v.Key == key {
			return v, true
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

// fingerprint hashes what a client command asks for. If the same command ID comes with
// another fingerprint, the client used an idempotency key twice.
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

func validProfile(handle, country string) bool {
	return handle != "" && len(handle) <= maxHandleBytes && (country == "" || len(country) == 2)
}
