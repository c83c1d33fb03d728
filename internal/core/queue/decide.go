package queue

import (
	"slices"

	"github.com/google/uuid"

	"tabiya/schemas"
)

// decision is one command in Decide or Replay.
type decision struct {
	cfg    Config
	cmd    schemas.Command
	at     schemas.Time
	offset int64
}

// Decide handles a new command at broker time at. A nil s is a queue that nobody has
// joined yet. If changed, next is the row to store; s is never modified. out are the
// events, commands and replies to send.
func (c Config) Decide(s *State, cmd schemas.Command, at schemas.Time, offset int64) (next *State, changed bool, out []schemas.Message) {
	d := decision{c, cmd, at, offset}
	switch p := cmd.Payload.(type) {
	case *schemas.EnterQueuePayload:
		return d.enter(s, p)
	case *schemas.RemoveTicketPayload:
		if schemas.IsNamedQueue(cmd.Key) && validOrigin(p.Origin) {
			return d.removeNamed(s, p)
		}
	}
	if s == nil {
		if cmd.Type == schemas.RemoveTicket {
			return nil, false, d.refuse(schemas.CodeNotQueued)
		}
		return nil, false, nil
	}
	switch p := cmd.Payload.(type) {
	case *schemas.RemoveTicketPayload:
		return d.remove(s, p)
	case *schemas.ConfirmMatchPayload:
		return d.confirm(s, p)
	case *schemas.ExpireMatchPayload:
		return d.expire(s, p)
	case *schemas.HoldTicketPayload:
		if cmd.Type == schemas.LapseTicket {
			return d.lapse(s, p)
		}
		return d.hold(s, p)
	case *schemas.EndLeasesPayload:
		return d.endLeases(s, p)
	}
	switch cmd.Type {
	case schemas.PairWave:
		return d.wave(s)
	case schemas.DropLapsed:
		return d.dropLapsed(s)
	}
	return s, false, nil
}

// Replay returns the messages that an earlier Decide returned for cmd, byte for byte.
// The command is at or below the row's last one, so nothing is decided again.
func (c Config) Replay(s *State, cmd schemas.Command, at schemas.Time, offset int64) []schemas.Message {
	if s == nil {
		return nil
	}
	d := decision{c, cmd, at, offset}
	for i := range s.Outbox {
		if s.Outbox[i].Offset == offset {
			return d.messages(s.Outbox[i].facts())
		}
	}
	if len(s.Outbox) > 0 && offset < s.Outbox[0].Offset {
		return nil // so long ago that its messages have arrived
	}
	return d.answerRepeat(s)
}

// finish sets the head of the row after the command and puts its facts into the outbox.
func (d decision) finish(next *State, facts ...fact) (*State, bool, []schemas.Message) {
	next.Version++
	next.Offset = d.offset
	if len(facts) > 0 {
		id, _ := uuid.Parse(d.cmd.ID)
		var encoded []byte
		for i := range facts {
			encoded = appendFact(encoded, &facts[i], id, d.at)
		}
		next.Outbox = append(next.Outbox, Entry{d.offset, d.at, id, encoded})
	}
	next.prune()
	return next, true, d.messages(facts)
}

func (d decision) enter(s *State, p *schemas.EnterQueuePayload) (*State, bool, []schemas.Message) {
	ticket, err := uuid.Parse(p.TicketID)
	player, err2 := uuid.Parse(p.PlayerID)
	if p.Named != nil && schemas.IsNamedQueue(d.cmd.Key) && validOrigin(p.Origin) {
		return d.enterNamed(s, p)
	}
	if _, _, _, ok := schemas.SplitQueueKey(d.cmd.Key); !ok || err != nil || err2 != nil || !validOrigin(p.Origin) {
		// The players processor sends no such command.
		return s, false, d.refuse(schemas.CodeQueueNotFound)
	}
	n := &State{Key: d.cmd.Key}
	if s != nil {
		n = s.clone()
	}
	if !n.advance(p.Origin) {
		return s, false, d.repeatEnter(s, p)
	}
	if p.Attempt > 0 {
		n.allowPairing(ticket, p.Attempt)
		return d.finish(n)
	}
	if n.ticket(ticket) != nil {
		// The seat of a player whose row was repaired has a new place.
		return s, false, d.repeatEnter(s, p)
	}
	party := Party{ticket, player, p.Handle, p.Rating, p.Deviation, 1}
	var gone []Party
	if n.tickets() >= d.cfg.MaxTickets {
		if gone = n.makeRoom(); gone == nil {
			return d.finish(n, fact{kind: refused, white: party, code: schemas.CodeQueueFull})
		}
	}
	n.Seq++
	n.Waiting = append(n.Waiting, d.newTicket(p, party, n.Seq))
	// The first event of a command is its answer, so who left comes after it.
	facts := []fact{{kind: entered, seq: n.Seq, white: party, waiting: len(n.Waiting)}}
	for _, g := range gone {
		n.Seq++
		facts = append(facts, fact{kind: left, seq: n.Seq, white: g})
	}
	return d.finish(n, facts...)
}

// newTicket returns a ticket that enters the queue. One whose opponent did not begin the
// game has the credit of the whole wait. It is dormant, whatever its holder, until an
// instance hears of the player, who may have left long before that game ended.
func (d decision) newTicket(p *schemas.EnterQueuePayload, party Party, seq int64) Ticket {
	t := Ticket{Party: party, JoinedAt: d.at, Seq: seq, Holder: parsed(p.Holder)}
	if p.Since > 0 {
		t.LapsedAt = d.at
	}
	if p.Since > 0 && p.Since < d.at {
		t.JoinedAt = p.Since
		t.Missed = int(min(int64(d.at-p.Since)/d.cfg.WaveInterval.Milliseconds(), maxCredit))
	}
	return t
}

// maxCredit is the most waves that a wait counts for.
const maxCredit = 120

// allowPairing lets a ticket be paired again, now that its player's seat agrees.
func (s *State) allowPairing(ticket uuid.UUID, attempt int) {
	for i := range s.Waiting {
		if t := &s.Waiting[i]; t.TicketID == ticket && t.Attempt == attempt {
			t.Returning = false
		}
	}
}

func (d decision) remove(s *State, p *schemas.RemoveTicketPayload) (*State, bool, []schemas.Message) {
	id, err := uuid.Parse(p.TicketID)
	if err != nil || !validOrigin(p.Origin) {
		return s, false, d.refuse(schemas.CodeNotQueued)
	}
	n := s.clone()
	if !n.advance(p.Origin) {
		return s, false, d.repeatRemove(s, p)
	}
	if i := slices.IndexFunc(n.Waiting, func(t Ticket) bool { return t.TicketID == id }); i >= 0 {
		party := n.Waiting[i].Party
		n.Waiting = slices.Delete(n.Waiting, i, i+1)
		n.Seq++
		return d.finish(n, fact{kind: left, seq: n.Seq, white: party})
	}
	player, _ := uuid.Parse(p.PlayerID)
	return d.finish(n, fact{kind: refused, white: Party{TicketID: id, PlayerID: player}, code: s.removalRefusal(id)})
}

func (d decision) confirm(s *State, p *schemas.ConfirmMatchPayload) (*State, bool, []schemas.Message) {
	i := s.match(p.GameID)
	if i < 0 {
		return s, false, nil // already confirmed or failed
	}
	n := s.clone()
	m := n.Matches[i]
	n.Matches = slices.Delete(n.Matches, i, i+1)
	n.Seq++
	return d.finish(n, fact{kind: confirmed, seq: n.Seq, white: m.White.Party, black: m.Black.Party, game: m.GameID})
}

func (d decision) expire(s *State, p *schemas.ExpireMatchPayload) (*State, bool, []schemas.Message) {
	i := s.match(p.GameID)
	switch {
	case i < 0:
		return d.expirePair(s, p.GameID)
	case d.at < s.Matches[i].Deadline:
		return s, false, nil
	}
	n := s.clone()
	m := n.Matches[i]
	n.Matches = slices.Delete(n.Matches, i, i+1)
	if m.Named != nil {
		n.Seq++
		return d.finish(n, fact{kind: failedNamed, seq: n.Seq, white: m.White.Party, black: m.Black.Party, game: m.GameID},
			failedPair(m.Named, schemas.NoAnswer, ""))
	}
	n.removeWhite(m.White.PlayerID)
	n.reinsert(m.White, d.at)
	n.reinsert(m.Black, d.at)
	n.Seq++
	return d.finish(n, fact{kind: failed, seq: n.Seq, white: m.White.Party, black: m.Black.Party, game: m.GameID})
}

// reinsert puts a ticket back into its place in the order of joining. It is dormant until
// an instance hears of the player: nobody has told of a departure while it was matched.
func (s *State) reinsert(t Ticket, at schemas.Time) {
	t.Attempt++
	t.Returning, t.LapsedAt = true, at
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
