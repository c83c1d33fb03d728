package matchmaking

import (
	"slices"

	"tabiya/internal/core/player"
)

const (
	// streamRoom is how many items may wait for a reader before he is cut off.
	streamRoom = 64
	// toldRoom is how far back a stream knows what it has told.
	toldRoom = 64
)

// stream is one open GET /v1/me/events. The hub's lock guards it, but for the
// channel's other end.
//
// Two sources tell of the seat, and neither is always first: the events as they
// are read from now on, and the rows of the players view, which are all read. So
// a stream keeps what its reader believes (told) beside what the view says
// (row). Where an event ends something and the view is elsewhere, the view is
// believed; where the view moves on from what the reader believes, he is told;
// and where they have differed for a while with nothing new, the view wins.
type stream struct {
	items chan item // closed by the hub when the stream is over
	told  seat      // the seat as a reader of the items so far sees it
	row   seat      // the seat in the latest row
	known []string  // what was told, latest last; see item.about

	news, doubted int // events and rows so far; and when told and row differed last
}

// newStream starts with the state of the row.
func newStream(row *player.State) *stream {
	st := &stream{items: make(chan item, streamRoom), doubted: -1}
	st.row = seatOf(row)
	st.state(st.row)
	return st
}

// send queues an item; false if the reader is too slow.
func (st *stream) send(i item) bool {
	select {
	case st.items <- i:
		return true
	default:
		return false
	}
}

func (st *stream) knows(i item) bool { return slices.Contains(st.known, i.about()) }

func (st *stream) learn(i item) {
	if st.knows(i) {
		return
	}
	if len(st.known) == toldRoom {
		st.known = slices.Delete(st.known, 0, 1)
	}
	st.known = append(st.known, i.about())
}

// state tells the whole seat.
func (st *stream) state(s seat) bool {
	st.believe(s)
	return st.send(stateItem(s))
}

// believe notes the seat as the reader sees it from now on. What led there is no
// news any more.
func (st *stream) believe(s seat) {
	st.told = s
	if s.ticketID != "" {
		st.learn(queuedItem(s.queue, s.ticketID))
	}
	if s.gameID != "" {
		st.learn(startedItem(s))
	}
}

// opening is the item that tells of a seat that was taken.
func opening(s seat) (item, bool) {
	switch s.status {
	case player.Queued:
		return queuedItem(s.queue, s.ticketID), true
	case player.Playing:
		return startedItem(s), true
	default:
		return item{}, false
	}
}

func startedItem(s seat) item {
	return item{Type: itemGameStarted, GameID: s.gameID, TicketID: s.ticketID}
}

// Row takes the seat of the player's latest row; false if the reader is too slow.
func (st *stream) Row(now seat) bool {
	st.news++
	before := st.row
	st.row = now
	if before.same(now) || st.told.same(now) || st.closed(now) {
		return true
	}
	if i, ok := opening(now); ok && !st.knows(i) {
		return st.Event(i, now)
	}
	// A seat that is free: the event that says why is about to be read, and
	// Settle sees to it if it was read already. A ticket that the reader is past:
	// the view will follow.
	if now.status == player.Idle || st.told.ticketID != before.ticketID {
		return true
	}
	return st.state(now)
}

// closed reports whether the reader has heard of the end of that seat's game:
// the view will follow.
func (st *stream) closed(s seat) bool {
	return s.status == player.Playing &&
		(st.knows(item{Type: itemGameOver, GameID: s.gameID}) || st.knows(item{Type: itemMatchFailed, GameID: s.gameID}))
}

// Event tells what happened, once; false if the reader is too slow. after is the
// seat that it leaves, if the ticket that it is about has the seat.
func (st *stream) Event(i item, after seat) bool {
	st.news++
	if st.knows(i) {
		return true
	}
	st.learn(i)
	start := item{Type: itemGameStarted, GameID: i.GameID}
	switch i.Type {
	case itemQueued, itemGameStarted:
		st.believe(after)
		return st.send(i)
	case itemMatched:
		// Read behind the start or the end of its game it is no news.
		return st.knows(start) || st.send(i)
	case itemGameOver, itemMatchFailed, itemLeft:
		// Nor is, behind this, what came before it.
		st.learn(item{Type: itemQueued, TicketID: i.TicketID})
		if i.GameID != "" {
			st.learn(start)
		}
		return st.send(i) && st.ended(i, after)
	default:
		return st.send(i)
	}
}

// Settle is called now and then: a reader who was told of things that were over
// before he came, and whose end he does not hear of, is told the state.
func (st *stream) Settle() bool {
	if st.told.same(st.row) || st.doubted != st.news {
		st.doubted = st.news
		return true
	}
	return st.state(st.row)
}

// ended corrects a reader who has heard that a ticket's queueing or game has
// ended, where what he then believes is wrong.
func (st *stream) ended(i item, after seat) bool {
	believes, concerned := st.told.hears(i)
	if !concerned {
		return true
	}
	if st.row.ticketID != i.TicketID {
		after = st.row
	}
	if !after.same(believes) {
		return st.state(after)
	}
	st.told = after
	return true
}

// hears is what a reader who believes in s makes of an ending; concerned is
// false if it is about another ticket or game than his.
func (s seat) hears(i item) (believes seat, concerned bool) {
	switch i.Type {
	case itemLeft:
		return seat{}, s.status == player.Queued && s.ticketID == i.TicketID
	case itemGameOver:
		return seat{}, s.status == player.Playing && s.gameID == i.GameID
	default: // the match failed
		concerned = s.status == player.Idle || s.ticketID == i.TicketID && (s.status == player.Queued || s.gameID == i.GameID)
		return seat{status: player.Queued, ticketID: i.TicketID}, concerned
	}
}
