package queue

import (
	"slices"

	"github.com/google/uuid"

	"tabiya/schemas"
)

// judge is one command on its way through Decide or Replay.
type judge struct {
	cfg    Config
	cmd    schemas.Command
	at     schemas.Time
	offset int64
}

// Decide judges a command that was never judged before, at broker time at. s is
// nil for a queue nobody has joined yet. If changed, next is the row to store; s
// is never altered.
func (c Config) Decide(s *State, cmd schemas.Command, at schemas.Time, offset int64) (next *State, changed bool, out []schemas.Message) {
	j := judge{c, cmd, at, offset}
	if p, ok := cmd.Payload.(*schemas.EnterQueuePayload); ok {
		return j.enter(s, p)
	}
	if s == nil {
		if cmd.Type == schemas.RemoveTicket {
			return nil, false, j.refuse(schemas.CodeNotQueued)
		}
		return nil, false, nil
	}
	switch p := cmd.Payload.(type) {
	case *schemas.RemoveTicketPayload:
		return j.remove(s, p)
	case *schemas.ConfirmMatchPayload:
		return j.confirm(s, p)
	case *schemas.ExpireMatchPayload:
		return j.expire(s, p)
	}
	if cmd.Type == schemas.PairWave {
		return j.wave(s)
	}
	return s, false, nil
}

// Replay gives what cmd led to when it was judged, byte for byte. It is at or
// below the row's last command, so nothing is judged again.
func (c Config) Replay(s *State, cmd schemas.Command, at schemas.Time, offset int64) []schemas.Message {
	if s == nil {
		return nil
	}
	j := judge{c, cmd, at, offset}
	for i := range s.Outbox {
		if s.Outbox[i].Offset == offset {
			return j.messages(s.Outbox[i].facts())
		}
	}
	if len(s.Outbox) > 0 && offset < s.Outbox[0].Offset {
		return nil // said so long ago that it has arrived
	}
	return j.known(s)
}

// settle makes next the row after the command, with its facts in the outbox.
func (j judge) settle(next *State, facts ...fact) (*State, bool, []schemas.Message) {
	next.Version++
	next.Offset = j.offset
	if len(facts) > 0 {
		id, _ := uuid.Parse(j.cmd.ID)
		var encoded []byte
		for i := range facts {
			encoded = appendFact(encoded, &facts[i], id, j.at)
		}
		next.Outbox = append(next.Outbox, Entry{j.offset, j.at, id, encoded})
	}
	next.prune()
	return next, true, j.messages(facts)
}

func (j judge) enter(s *State, p *schemas.EnterQueuePayload) (*State, bool, []schemas.Message) {
	ticket, err := uuid.Parse(p.TicketID)
	player, err2 := uuid.Parse(p.PlayerID)
	if _, _, _, ok := schemas.SplitQueueKey(j.cmd.Key); !ok || err != nil || err2 != nil || !validOrigin(p.Origin) {
		// Not what the players processor sends.
		return s, false, j.refuse(schemas.CodeQueueNotFound)
	}
	n := &State{Key: j.cmd.Key}
	if s != nil {
		n = s.clone()
	}
	if !n.advance(p.Origin) {
		return s, false, j.enteredBefore(s, p)
	}
	if p.Attempt > 0 {
		n.readmit(ticket, p.Attempt)
		return j.settle(n)
	}
	party := Party{ticket, player, p.Handle, p.Rating, p.Deviation, 1}
	if len(n.Waiting)+2*len(n.Matches) >= j.cfg.MaxTickets {
		return j.settle(n, fact{kind: refused, white: party, code: schemas.CodeQueueFull})
	}
	n.Seq++
	n.Waiting = append(n.Waiting, Ticket{Party: party, JoinedAt: j.at, Seq: n.Seq})
	return j.settle(n, fact{kind: entered, seq: n.Seq, white: party, waiting: len(n.Waiting)})
}

// readmit lets a ticket be paired again, now that its seat agrees.
func (s *State) readmit(ticket uuid.UUID, attempt int) {
	for i := range s.Waiting {
		if t := &s.Waiting[i]; t.TicketID == ticket && t.Attempt == attempt {
			t.Returning = false
		}
	}
}

func (j judge) remove(s *State, p *schemas.RemoveTicketPayload) (*State, bool, []schemas.Message) {
	id, err := uuid.Parse(p.TicketID)
	if err != nil || !validOrigin(p.Origin) {
		return s, false, j.refuse(schemas.CodeNotQueued)
	}
	n := s.clone()
	if !n.advance(p.Origin) {
		return s, false, j.removedBefore(s, p)
	}
	if i := slices.IndexFunc(n.Waiting, func(t Ticket) bool { return t.TicketID == id }); i >= 0 {
		party := n.Waiting[i].Party
		n.Waiting = slices.Delete(n.Waiting, i, i+1)
		n.Seq++
		return j.settle(n, fact{kind: left, seq: n.Seq, white: party})
	}
	player, _ := uuid.Parse(p.PlayerID)
	return j.settle(n, fact{kind: refused, white: Party{TicketID: id, PlayerID: player}, code: s.whyGone(id)})
}

func (j judge) confirm(s *State, p *schemas.ConfirmMatchPayload) (*State, bool, []schemas.Message) {
	i := s.match(p.GameID)
	if i < 0 {
		return s, false, nil // confirmed before, or failed: too late
	}
	n := s.clone()
	m := n.Matches[i]
	n.Matches = slices.Delete(n.Matches, i, i+1)
	n.Seq++
	return j.settle(n, fact{kind: confirmed, seq: n.Seq, white: m.White.Party, black: m.Black.Party, game: m.GameID})
}

func (j judge) expire(s *State, p *schemas.ExpireMatchPayload) (*State, bool, []schemas.Message) {
	i := s.match(p.GameID)
	if i < 0 || j.at < s.Matches[i].Deadline {
		return s, false, nil
	}
	n := s.clone()
	m := n.Matches[i]
	n.Matches = slices.Delete(n.Matches, i, i+1)
	n.forgetWhite(m.White.PlayerID)
	n.returns(m.White)
	n.returns(m.Black)
	n.Seq++
	return j.settle(n, fact{kind: failed, seq: n.Seq, white: m.White.Party, black: m.Black.Party, game: m.GameID})
}

// returns puts a ticket back where it was in the order of joining.
func (s *State) returns(t Ticket) {
	t.Attempt++
	t.Returning = true
	i, _ := slices.BinarySearchFunc(s.Waiting, t.Seq, func(w Ticket, seq int64) int { return int(w.Seq - seq) })
	s.Waiting = slices.Insert(s.Waiting, i, t)
}

func (s *State) match(gameID string) int {
	id, err := uuid.Parse(gameID)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(s.Matches, func(m Match) bool { return m.GameID == id })
}
