package subscriptions

import (
	"tabiya/internal/core/player"
	"tabiya/schemas"
)

// seat is where a player is, as far as notifications tell: idle (the zero
// seat), queued, or playing.
type seat struct {
	status           player.Status
	queue            string // queue key, if queued
	ticketID, gameID string
	game             *schemas.SeatedGame // if playing; nil for a game that began before it was told
}

func seatOf(row *player.State) seat {
	switch {
	case row.Seat.Status == player.Queued && schemas.IsNamedQueue(row.Seat.Queue):
		return seat{} // the player waits in no queue, and does not play yet
	case row.Seat.Status == player.Queued:
		return queuedSeat(row.Seat.Queue, row.Seat.TicketID)
	case row.Seat.Status == player.Playing:
		return seat{player.Playing, row.Seat.Queue, row.Seat.TicketID, row.Seat.GameID, row.Seat.Game}
	default:
		return seat{}
	}
}

func queuedSeat(queueKey, ticketID string) seat {
	return seat{status: player.Queued, queue: queueKey, ticketID: ticketID}
}

// same reports whether a client would see two seats as the same: queued with the
// same ticket, whatever matches it had, or playing the same game.
func (s seat) same(o seat) bool {
	switch {
	case s.status != o.status:
		return false
	case s.status == player.Queued:
		return s.ticketID == o.ticketID
	default:
		return s.gameID == o.gameID
	}
}

// afterEnding is the seat that a client in seat s infers from the notification
// that a queueing, match or game has ended. affected is false if it is about
// another ticket or game.
func (s seat) afterEnding(n Notification) (inferred seat, affected bool) {
	switch n.Type {
	case TypeLeft:
		return seat{}, s.status == player.Queued && s.ticketID == n.TicketID
	case TypeGameOver:
		return seat{}, s.status == player.Playing && s.gameID == n.GameID
	default: // TypeMatchFailed
		affected = s.status == player.Idle || s.ticketID == n.TicketID && (s.status == player.Queued || s.gameID == n.GameID)
		return seat{status: player.Queued, ticketID: n.TicketID}, affected
	}
}
