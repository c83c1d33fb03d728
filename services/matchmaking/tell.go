package matchmaking

import (
	"tabiya/internal/core/player"
	"tabiya/schemas"
)

func (h *hub) tell(playerID string, i item, after seat) {
	h.each(playerID, func(st *stream) bool { return st.Event(i, after) })
}

// Event takes an event that was read. Games that no queue made take no seat: who
// made them tells their players.
func (h *hub) Event(ev schemas.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch p := ev.Payload.(type) {
	case *schemas.PlayerQueuedPayload:
		h.tell(p.PlayerID, queuedItem(ev.Key, p.TicketID), queuedSeat(ev.Key, p.TicketID))
	case *schemas.PlayerLeftQueuePayload:
		h.tell(p.PlayerID, leftItem(ev.Key, p.TicketID), seat{})
	case *schemas.MatchFoundPayload:
		h.track(p.GameID, p.White, p.Black)
		deadline := p.Deadline
		h.both(p.White, p.Black, item{Type: itemMatched, GameID: p.GameID, Deadline: &deadline}, ev.Key)
	case *schemas.MatchFailedPayload:
		h.players.Remove(p.GameID)
		h.both(p.White, p.Black, item{Type: itemMatchFailed, GameID: p.GameID}, ev.Key)
	case *schemas.GameCreatedPayload:
		if p.Queue != "" {
			h.track(ev.Key, p.White, p.Black)
		}
	case *schemas.GameStartedPayload:
		h.started(ev.Key)
	case *schemas.GameOver:
		h.over(ev.Key, p)
	case *schemas.PlayerRatedPayload:
		h.tell(ev.Key, ratedItem(p), seat{})
	}
}

func queuedSeat(queueKey, ticketID string) seat { return seat{player.Queued, queueKey, ticketID, ""} }

func (h *hub) track(gameID string, white, black schemas.Seated) {
	if len(h.streams[white.PlayerID])+len(h.streams[black.PlayerID]) > 0 {
		h.players.Add(gameID, [2]schemas.Seated{white, black})
	}
}

// both tells each side of the board, in its own words. With a queue the tickets
// wait there afterwards.
func (h *hub) both(white, black schemas.Seated, i item, queueKey string) {
	tell := func(own, other schemas.Seated, color schemas.Color) {
		i.Color, i.Opponent, i.TicketID = color, opponent(other), own.TicketID
		after := seat{}
		if queueKey != "" {
			after = queuedSeat(queueKey, own.TicketID)
		}
		h.tell(own.PlayerID, i, after)
	}
	tell(white, black, schemas.White)
	tell(black, white, schemas.Black)
}

// started tells of a game. One whose players are not known was matched before
// they listened: the view tells them.
func (h *hub) started(gameID string) {
	players, ok := h.players.Get(gameID)
	if !ok {
		return
	}
	h.players.Remove(gameID)
	for _, p := range players {
		now := seat{player.Playing, "", p.TicketID, gameID}
		h.tell(p.PlayerID, startedItem(now), now)
	}
}

func (h *hub) over(gameID string, p *schemas.GameOver) {
	h.players.Remove(gameID)
	if p.Queue == "" {
		return
	}
	back := "" // where the tickets are afterwards
	if p.Termination == schemas.MatchExpired {
		back = p.Queue
	}
	h.both(p.White, p.Black, item{Type: itemGameOver, GameID: gameID, Result: p.Result, Termination: p.Termination}, back)
}
