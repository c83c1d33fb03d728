package subscriptions

import (
	"container/list"
	"slices"

	"tabiya/internal/core/player"
)

const (
	// maxQueued is how many notifications may wait for a slow reader before its
	// subscription ends.
	maxQueued = 64
	// maxSeen is how many notifications a subscription remembers.
	maxSeen = 64
)

// Subscription is one open GET /v1/me/events. The registry's lock guards it; its
// reader only receives from the channel.
//
// Two sources report the seat, and either may be first: the events from now on,
// and the rows of the players view, which are all read. So a subscription keeps
// the seat that its client knows of beside the seat in the latest row, and
// corrects the client in three places:
//
//   - Notify: an event ends the client's queueing or game, and the row says that
//     the player is elsewhere. The row is right.
//   - UpdateRow: the row moves to a seat that no notification has announced.
//   - Reconcile: the two have differed for a while with nothing new.
type Subscription struct {
	Notifications chan Notification // closed by the registry when the subscription ends
	client        Client
	extra         *list.Element // among the registry's extras; nil for a player's first one
	clientSeat    seat          // as the client knows it from the notifications
	rowSeat       seat          // in the latest row
	seen          []string      // ids of notifications that are not to be sent (again), latest last
	// rated holds the rating of the game that the client believes to be playing, until
	// it has heard of the game's end: the two are read from different topics.
	rated *Notification

	updates    int // events and rows so far
	differedAt int // updates when Reconcile last saw the seats differ
}

// newSubscription starts with the state of the row.
func newSubscription(row *player.State) *Subscription {
	s := &Subscription{Notifications: make(chan Notification, maxQueued), differedAt: -1}
	s.rowSeat = seatOf(row)
	s.sendState(s.rowSeat)
	return s
}

// send queues a notification; false if the reader is too slow.
func (s *Subscription) send(n Notification) bool {
	select {
	case s.Notifications <- n:
		return true
	default:
		return false
	}
}

func (s *Subscription) hasSeen(n Notification) bool { return slices.Contains(s.seen, n.id()) }

func (s *Subscription) markSeen(n Notification) {
	if s.hasSeen(n) {
		return
	}
	if len(s.seen) == maxSeen {
		s.seen = slices.Delete(s.seen, 0, 1)
	}
	s.seen = append(s.seen, n.id())
}

// sendState sends the whole seat; false if the reader is too slow.
func (s *Subscription) sendState(to seat) bool {
	s.setClientSeat(to)
	return s.send(stateNotification(to)) && s.sendRated()
}

// setClientSeat notes the seat that the client knows of from now on. The
// notifications that lead there are not sent any more.
func (s *Subscription) setClientSeat(to seat) {
	s.clientSeat = to
	if to.ticketID != "" {
		s.markSeen(queuedNotification(to.queue, to.ticketID))
	}
	if to.gameID != "" {
		s.markSeen(startedNotification(to))
	}
}

// UpdateRow takes the seat in the player's latest row; false if the reader is
// too slow.
func (s *Subscription) UpdateRow(now seat) bool {
	s.updates++
	before := s.rowSeat
	s.rowSeat = now
	if before.same(now) || s.clientSeat.same(now) || s.hasSeenEndOf(now) {
		return true
	}
	if n, ok := takenNotification(now); ok && !s.hasSeen(n) {
		return s.Notify(n, now)
	}
	// The seat is free: the event that says why is read soon, or was read
	// already, and then Reconcile corrects the client. Or the client has heard of
	// a later ticket: the rows will follow.
	if now.status == player.Idle || s.clientSeat.ticketID != before.ticketID {
		return true
	}
	return s.sendState(now)
}

// hasSeenEndOf reports whether the client has heard that the seat's game has
// ended: the rows will follow.
func (s *Subscription) hasSeenEndOf(at seat) bool {
	return at.status == player.Playing &&
		(s.hasSeen(Notification{Type: TypeGameOver, GameID: at.gameID}) || s.hasSeen(Notification{Type: TypeMatchFailed, GameID: at.gameID}))
}

// Notify sends a notification, unless it was sent before; false if the reader is
// too slow. after is the player's seat after the event, provided that the ticket
// in the notification still holds the seat.
func (s *Subscription) Notify(n Notification, after seat) bool {
	s.updates++
	if s.hasSeen(n) {
		return true
	}
	s.markSeen(n)
	started := Notification{Type: TypeGameStarted, GameID: n.GameID}
	switch n.Type {
	case TypeQueued, TypeGameStarted:
		s.setClientSeat(after)
		return s.send(n) && s.sendRated()
	case TypeMatched:
		// It is outdated if the start or end of its game was read first.
		return s.hasSeen(started) || s.send(n)
	case TypeGameOver, TypeMatchFailed, TypeLeft:
		// What came before it is outdated from now on.
		s.markSeen(Notification{Type: TypeQueued, TicketID: n.TicketID})
		if n.GameID != "" {
			s.markSeen(started)
		}
		return s.send(n) && s.applyEnding(n, after) && s.sendRated()
	case TypeRated:
		if s.clientSeat.status == player.Playing && s.clientSeat.gameID == n.GameID {
			s.rated = &n
			return true
		}
		return s.send(n)
	default:
		return s.send(n)
	}
}

// sendRated sends the rating that was held, if its game is not the client's any more.
func (s *Subscription) sendRated() bool {
	n := s.rated
	if n == nil || s.clientSeat.gameID == n.GameID {
		return true
	}
	s.rated = nil
	return s.send(*n)
}

// applyEnding updates the client's seat after an ending was sent. It sends the
// state if the client infers another seat than the true one.
func (s *Subscription) applyEnding(n Notification, after seat) bool {
	inferred, affected := s.clientSeat.afterEnding(n)
	if !affected {
		return true
	}
	if s.rowSeat.ticketID != n.TicketID {
		after = s.rowSeat
	}
	if !after.same(inferred) {
		return s.sendState(after)
	}
	s.clientSeat = after
	return true
}

// Reconcile sends the state if client and row have differed, with no update,
// since the last call: the event that ended the client's seat was read before
// the subscription began. False if the reader is too slow.
func (s *Subscription) Reconcile() bool {
	if s.clientSeat.same(s.rowSeat) || s.differedAt != s.updates {
		s.differedAt = s.updates
		return true
	}
	return s.sendState(s.rowSeat)
}
