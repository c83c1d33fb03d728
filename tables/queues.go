package tables

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"tabiya/internal/core/queue"
	"tabiya/schemas"
)

// Queues is the table of the matchmaking group: the tickets and matches of a queue.
func Queues() Table[*queue.State] {
	return Table[*queue.State]{
		Group: schemas.MatchmakingGroup, Topic: schemas.MatchmakingTable,
		Commands: schemas.QueueCommands, Events: schemas.QueueEvents,
		AppendBody: appendQueue, DecodeBody: decodeQueue,
	}
}

const (
	queueFormat = 2
	// queueFormatWithoutNamed has no named games and no leases.
	queueFormatWithoutNamed = 1
)

// The minimum encoded size of the elements of a queue's lists, in bytes.
const (
	partySize  = 16 + 16 + 1 + 8 + 8 + 1
	ticketSize = partySize + 4
	entrySize  = 1 + 1 + 16 + 1
)

func appendQueue(b []byte, s *queue.State) []byte {
	b = slices.Grow(b, 256+96*(len(s.Waiting)+2*len(s.Matches)+len(s.Outbox)))
	b = append(b, queueFormat)
	b = appendInt(appendInt(b, s.Seq), s.Waves)
	b = appendInt(appendInt(b, int64(s.LastWave)), s.WaitMs)
	holders := holdersOf(s)
	b = appendCount(b, len(holders))
	for _, id := range holders {
		b = append(b, id[:]...)
	}
	b = appendCount(b, len(s.Waiting))
	for i := range s.Waiting {
		b = appendTicket(b, s, holders, &s.Waiting[i])
	}
	b = appendCount(b, len(s.Matches))
	for i := range s.Matches {
		m := &s.Matches[i]
		b = appendInt(append(b, m.GameID[:]...), int64(m.Deadline-s.LastWave))
		b = appendNamed(appendTicket(appendTicket(b, s, holders, &m.White), s, holders, &m.Black), m.Named)
	}
	b = appendCount(b, len(s.Pairs))
	for i := range s.Pairs {
		p := &s.Pairs[i]
		b = appendSide(appendSide(appendNamed(b, &p.Game), p.White), p.Black)
	}
	b = appendCount(b, len(s.Dead))
	for _, x := range s.Dead {
		b = appendInt(append(b, x.GameID[:]...), int64(x.Until))
	}
	b = appendInt(b, int64(s.Partitions))
	b = appendCount(b, len(s.Next))
	for _, offset := range s.Next {
		b = appendInt(b, offset)
	}
	b = appendCount(b, len(s.Whites))
	for _, w := range s.Whites {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	b = appendCount(b, len(s.Outbox))
	for i := range s.Outbox {
		b = appendEntry(b, s, &s.Outbox[i])
	}
	return b
}

// appendTicket writes times and numbers as differences to the row's latest ones,
// which take one to three bytes in most cases.
func appendTicket(b []byte, s *queue.State, holders holders, t *queue.Ticket) []byte {
	b = appendParty(b, &t.Party)
	b = appendInt(b, int64(s.LastWave-t.JoinedAt))
	b = appendInt(appendInt(b, int64(t.Missed)), s.Seq-t.Seq)
	b = appendBool(b, t.Returning)
	if t.LapsedAt != 0 {
		return appendInt(appendInt(b, int64(1+2*holders.index(t.Holder))), int64(s.LastWave-t.LapsedAt))
	}
	return appendInt(b, int64(2*holders.index(t.Holder)))
}

// holders are the instances that hold leases. Each has its id in a row once.
type holders []uuid.UUID

func holdersOf(s *queue.State) (h holders) {
	add := func(t *queue.Ticket) {
		if t.Holder != uuid.Nil && !slices.Contains(h, t.Holder) {
			h = append(h, t.Holder)
		}
	}
	for i := range s.Waiting {
		add(&s.Waiting[i])
	}
	for i := range s.Matches {
		add(&s.Matches[i].White)
		add(&s.Matches[i].Black)
	}
	return h
}

// index returns the number of an instance from 1, 0 for no instance.
func (h holders) index(id uuid.UUID) int { return slices.Index(h, id) + 1 }

func appendParty(b []byte, p *queue.Party) []byte {
	b = append(append(b, p.TicketID[:]...), p.PlayerID[:]...)
	b = appendString(b, p.Handle)
	b = appendFloat(appendFloat(b, p.Rating), p.Deviation)
	return appendInt(b, int64(p.Attempt))
}

// appendSide appends a side of a named game, nil if its seat has not been taken.
func appendSide(b []byte, p *queue.Party) []byte {
	if p == nil {
		return appendBool(b, false)
	}
	return appendParty(appendBool(b, true), p)
}

func appendEntry(b []byte, s *queue.State, e *queue.Entry) []byte {
	b = appendInt(appendInt(b, s.Offset-e.Offset), int64(s.LastWave-e.At))
	b = append(b, e.CommandID[:]...)
	return append(appendCount(b, len(e.Facts)), e.Facts...)
}

func decodeQueue(key string, head schemas.Head, body []byte) (*queue.State, error) {
	r := &bodyReader{b: body}
	format := r.byte()
	if format != queueFormat && format != queueFormatWithoutNamed {
		return nil, fmt.Errorf("queue body has format %d, want %d", format, queueFormat)
	}
	s := &queue.State{Version: head.Version, Offset: head.Offset, Key: key}
	s.Seq, s.Waves, s.LastWave, s.WaitMs = r.int(), r.int(), schemas.Time(r.int()), r.int()
	leases := format != queueFormatWithoutNamed
	var holders holders
	if leases {
		holders = list(r, len(uuid.UUID{}), r.uuid)
	}
	ticket := func() queue.Ticket {
		t := r.ticket(s)
		if leases {
			r.lease(s, holders, &t)
		}
		return t
	}
	s.Waiting = list(r, ticketSize, ticket)
	s.Matches = list(r, 2*ticketSize, func() queue.Match {
		m := queue.Match{GameID: r.uuid(), Deadline: s.LastWave + schemas.Time(r.int()), White: ticket(), Black: ticket()}
		if leases {
			m.Named = r.named()
		}
		return m
	})
	if leases {
		s.Pairs = list(r, minNamedSize+2, r.pair)
		s.Dead = list(r, 17, func() queue.Dead { return queue.Dead{GameID: r.uuid(), Until: schemas.Time(r.int())} })
	}
	s.Partitions = int32(r.int())
	s.Next = list(r, 1, r.int)
	s.Whites = list(r, 4, r.uint32)
	s.Outbox = list(r, entrySize, func() queue.Entry { return r.entry(s) })
	if err := r.end(); err != nil {
		return nil, err
	}
	return s, nil
}

func (r *bodyReader) ticket(s *queue.State) queue.Ticket {
	return queue.Ticket{
		Party: r.party(), JoinedAt: s.LastWave - schemas.Time(r.int()), Missed: int(r.int()),
		Seq: s.Seq - r.int(), Returning: r.bool(),
	}
}

// lease reads the holder and the lapse of a ticket.
func (r *bodyReader) lease(s *queue.State, holders holders, t *queue.Ticket) {
	v := r.int()
	if v < 0 || v/2 > int64(len(holders)) {
		r.fail()
		return
	}
	if v/2 > 0 {
		t.Holder = holders[v/2-1]
	}
	if v%2 == 1 {
		t.LapsedAt = s.LastWave - schemas.Time(r.int())
	}
}

func (r *bodyReader) party() queue.Party {
	return queue.Party{
		TicketID: r.uuid(), PlayerID: r.uuid(), Handle: r.string(), Rating: r.float(), Deviation: r.float(),
		Attempt: int(r.int()),
	}
}

func (r *bodyReader) pair() queue.Pair {
	game := r.named()
	if game == nil {
		r.fail()
		return queue.Pair{}
	}
	return queue.Pair{Game: *game, White: r.side(), Black: r.side()}
}

func (r *bodyReader) side() *queue.Party {
	if !r.bool() {
		return nil
	}
	p := r.party()
	return &p
}

func (r *bodyReader) entry(s *queue.State) queue.Entry {
	e := queue.Entry{Offset: s.Offset - r.int(), At: s.LastWave - schemas.Time(r.int()), CommandID: r.uuid()}
	// Facts aliases the body. Clip keeps an append to it from overwriting what
	// follows in the body.
	e.Facts = slices.Clip(r.bytes(r.count(1)))
	return e
}
