package queue

import (
	"hash/fnv"
	"math"
	"slices"

	"github.com/google/uuid"

	"tabiya/internal/core/pairing"
	"tabiya/schemas"
)

// nextWave is when the tickets should be paired; ok is false while fewer than
// two can be.
func (c Config) nextWave(s *State) (at schemas.Time, ok bool) {
	waiting, fresh := 0, 0
	for i := range s.Waiting {
		if t := &s.Waiting[i]; !t.Returning {
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

// wave pairs the tickets that can be. One that comes too early, late or twice
// does no harm: the row knows when the last was.
func (j judge) wave(s *State) (*State, bool, []schemas.Message) {
	if due, ok := j.cfg.nextWave(s); !ok || j.at < due {
		return s, false, nil
	}
	n := s.clone()
	n.Waves++
	n.LastWave = j.at
	var index []int
	var candidates []pairing.Candidate
	for i := range n.Waiting {
		if t := &n.Waiting[i]; !t.Returning {
			index = append(index, i)
			candidates = append(candidates, pairing.Candidate{Rating: int(math.Round(t.Rating)), Missed: t.Missed})
		}
	}
	var facts []fact
	matched := make([]bool, len(n.Waiting))
	for _, pair := range pairing.Pairs(candidates) {
		a, b := index[pair[0]], index[pair[1]]
		matched[a], matched[b] = true, true
		facts = append(facts, j.found(n, n.Waiting[a], n.Waiting[b]))
	}
	waiting := n.Waiting[:0]
	for i, t := range n.Waiting {
		if matched[i] {
			continue
		}
		if !t.Returning {
			t.Missed++
		}
		waiting = append(waiting, t)
	}
	n.Waiting = waiting
	return j.settle(n, facts...)
}

func (j judge) found(n *State, a, b Ticket) fact {
	n.Seq++
	n.waited(j.at - a.JoinedAt)
	n.waited(j.at - b.JoinedAt)
	game := uuid.MustParse(schemas.DerivedID(n.Key, "match", n.Seq))
	white, black := n.colours(a, b, game)
	m := Match{GameID: game, Deadline: j.at.Add(j.cfg.MatchDeadline), White: white, Black: black}
	n.Matches = append(n.Matches, m)
	return fact{kind: found, seq: n.Seq, white: white.Party, black: black.Party, game: game, deadline: m.Deadline}
}

// waited moves the average by a sixteenth.
func (s *State) waited(d schemas.Time) {
	if s.WaitMs == 0 {
		s.WaitMs = int64(d)
		return
	}
	s.WaitMs = (15*s.WaitMs + int64(d)) / 16
}

// whitesKept is how many Whites a queue remembers.
const whitesKept = 128

// colours gives White to the player who had it least recently here. If nobody
// remembers either, the game's id decides, which favours neither.
func (s *State) colours(a, b Ticket, game uuid.UUID) (white, black Ticket) {
	lastA := slices.Index(s.Whites, fingerprint(a.PlayerID))
	lastB := slices.Index(s.Whites, fingerprint(b.PlayerID))
	if lastB < lastA || (lastA == lastB && game[15]&1 == 1) {
		a, b = b, a
	}
	s.forgetWhite(a.PlayerID)
	s.Whites = append(s.Whites, fingerprint(a.PlayerID))
	s.Whites = s.Whites[max(0, len(s.Whites)-whitesKept):]
	return a, b
}

func (s *State) forgetWhite(player uuid.UUID) {
	s.Whites = slices.DeleteFunc(s.Whites, func(w uint32) bool { return w == fingerprint(player) })
}

func fingerprint(id uuid.UUID) uint32 {
	h := fnv.New32a()
	_, _ = h.Write(id[:])
	return h.Sum32()
}

// Deadline is when the row wants which command next: the next wave, or the
// deadline of the match that has waited longest.
func (c Config) Deadline(s *State) (at schemas.Time, cmd schemas.Command, ok bool) {
	if s == nil {
		return 0, schemas.Command{}, false
	}
	region, _, _, _ := schemas.SplitQueueKey(s.Key)
	cmd = schemas.Command{Key: s.Key, Region: region, Actor: schemas.ActorSystem}
	if due, waits := c.nextWave(s); waits {
		at, ok = due, true
		cmd.ID, cmd.Type = schemas.DerivedID(s.Key, "wave", s.Waves+1), schemas.PairWave
	}
	for i := range s.Matches {
		if m := &s.Matches[i]; !ok || m.Deadline < at {
			at, ok = m.Deadline, true
			cmd.ID, cmd.Type = schemas.DerivedID(m.GameID.String(), "expire", 1), schemas.ExpireMatch
			cmd.Payload = &schemas.ExpireMatchPayload{GameID: m.GameID.String()}
		}
	}
	return at, cmd, ok
}
