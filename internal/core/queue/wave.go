package queue

import (
	"hash/fnv"
	"math"
	"slices"

	"github.com/google/uuid"

	"tabiya/internal/core/pairing"
	"tabiya/schemas"
)

// nextWave returns when the next wave is due; ok is false while fewer than two tickets
// can be paired.
func (c Config) nextWave(s *State) (at schemas.Time, ok bool) {
	waiting, fresh := 0, 0
	for i := range s.Waiting {
		if t := &s.Waiting[i]; t.pairable() {
			waiting++
			if t.Missed == 0 {
				fresh++
			}
		}
	}
	interval := c.WaveInterval
	if fresh >= c.EarlyTickets {
		interval /= 10
	}
	return s.LastWave.Add(interval), waiting >= 2
}

// wave pairs the tickets. A PairWave that is early or repeated does nothing: the row
// knows when the last wave was.
func (d decision) wave(s *State) (*State, bool, []schemas.Message) {
	if due, ok := d.cfg.nextWave(s); !ok || d.at < due {
		return s, false, nil
	}
	n := s.clone()
	n.Waves++
	n.LastWave = d.at
	var index []int
	var candidates []pairing.Candidate
	for i := range n.Waiting {
		if t := &n.Waiting[i]; t.pairable() {
			index = append(index, i)
			candidates = append(candidates, pairing.Candidate{Rating: int(math.Round(t.Rating)), Missed: t.Missed})
		}
	}
	var facts []fact
	matched := make([]bool, len(n.Waiting))
	for _, pair := range pairing.Pairs(candidates) {
		a, b := index[pair[0]], index[pair[1]]
		matched[a], matched[b] = true, true
		facts = append(facts, d.makeMatch(n, n.Waiting[a], n.Waiting[b]))
	}
	waiting := n.Waiting[:0]
	for i, t := range n.Waiting {
		if matched[i] {
			continue
		}
		if t.pairable() {
			t.Missed++
		}
		waiting = append(waiting, t)
	}
	n.Waiting = waiting
	return d.finish(n, facts...)
}

func (d decision) makeMatch(n *State, a, b Ticket) fact {
	n.Seq++
	n.recordWait(d.at - a.JoinedAt)
	n.recordWait(d.at - b.JoinedAt)
	game := uuid.MustParse(schemas.DerivedID(n.Key, "match", n.Seq))
	white, black := n.colours(a, b, game)
	m := Match{GameID: game, Deadline: d.at.Add(d.cfg.MatchDeadline), White: white, Black: black}
	n.Matches = append(n.Matches, m)
	return fact{kind: found, seq: n.Seq, white: white.Party, black: black.Party, game: game, deadline: m.Deadline}
}

// recordWait updates the moving average with weight 1/16.
func (s *State) recordWait(wait schemas.Time) {
	if s.WaitMs == 0 {
		s.WaitMs = int64(wait)
		return
	}
	s.WaitMs = (15*s.WaitMs + int64(wait)) / 16
}

// whitesKept bounds State.Whites.
const whitesKept = 128

// colours gives White to the player who had it least recently in this queue. If neither
// is in Whites, a bit of the game ID decides.
func (s *State) colours(a, b Ticket, game uuid.UUID) (white, black Ticket) {
	lastA := slices.Index(s.Whites, fingerprint(a.PlayerID))
	lastB := slices.Index(s.Whites, fingerprint(b.PlayerID))
	if lastB < lastA || (lastA == lastB && game[15]&1 == 1) {
		a, b = b, a
	}
	s.removeWhite(a.PlayerID)
	s.Whites = append(s.Whites, fingerprint(a.PlayerID))
	s.Whites = s.Whites[max(0, len(s.Whites)-whitesKept):]
	return a, b
}

func (s *State) removeWhite(player uuid.UUID) {
	s.Whites = slices.DeleteFunc(s.Whites, func(w uint32) bool { return w == fingerprint(player) })
}

func fingerprint(id uuid.UUID) uint32 {
	h := fnv.New32a()
	_, _ = h.Write(id[:])
	return h.Sum32()
}

// NextTimer returns the next timer command of the row and when to send it: the next
// wave, the check of the leases, the end of a dormant ticket, or the expiry of the oldest
// match or named game.
func (c Config) NextTimer(s *State) (at schemas.Time, cmd schemas.Command, ok bool) {
	if s == nil {
		return 0, schemas.Command{}, false
	}
	cmd = schemas.Command{Key: s.Key, Region: schemas.QueueRegion(s.Key), Actor: schemas.ActorSystem}
	if due, waiting := c.nextWave(s); waiting {
		at, ok = due, true
		cmd.ID, cmd.Type = schemas.DerivedID(s.Key, "wave", s.Waves+1), schemas.PairWave
	}
	expire := func(gameID string, deadline schemas.Time, purpose string) {
		if !ok || deadline < at {
			at, ok = deadline, true
			cmd.ID, cmd.Type = schemas.DerivedID(gameID, purpose, 1), schemas.ExpireMatch
			cmd.Payload = &schemas.ExpireMatchPayload{GameID: gameID}
		}
	}
	if due, drops := c.dropTimer(s); drops && (!ok || due < at) {
		at, ok = due, true
		cmd.ID, cmd.Type = schemas.DerivedID(s.Key, "drop-lapsed", s.Version), schemas.DropLapsed
	}
	for i := range s.Matches {
		expire(s.Matches[i].GameID.String(), s.Matches[i].Deadline, "expire")
	}
	for i := range s.Pairs {
		expire(s.Pairs[i].Game.GameID, s.Pairs[i].Game.Deadline, "expire-seats")
	}
	if !ok && len(s.Holders()) > 0 {
		// It changes nothing if all is well, so it must not keep another timer waiting.
		return s.lastJoin().Add(leaseCheck), CheckLeases(s.Key, s.Waves, nil), true
	}
	return at, cmd, ok
}
