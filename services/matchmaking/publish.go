package matchmaking

import (
	"tabiya/internal/core/player"
	"tabiya/schemas"
)

// Publish passes an event on to the players concerned. A game that no queue made
// takes no seat, so its players are not notified: whoever created it tells them.
func (s *subscriptions) Publish(ev schemas.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch p := ev.Payload.(type) {
	case *schemas.PlayerQueuedPayload:
		s.notify(p.PlayerID, queuedNotification(ev.Key, p.TicketID), queuedSeat(ev.Key, p.TicketID))
	case *schemas.PlayerLeftQueuePayload:
		s.notify(p.PlayerID, leftNotification(ev.Key, p.TicketID), seat{})
	case *schemas.MatchFoundPayload:
		s.trackGame(p.GameID, p.White, p.Black)
		deadline := p.Deadline
		s.notifyBoth(p.White, p.Black, notification{Type: typeMatched, GameID: p.GameID, Deadline: &deadline}, ev.Key)
	case *schemas.MatchFailedPayload:
		s.players.Remove(p.GameID)
		s.notifyBoth(p.White, p.Black, notification{Type: typeMatchFailed, GameID: p.GameID}, ev.Key)
	case *schemas.GameCreatedPayload:
		if p.Queue != "" {
			s.trackGame(ev.Key, p.White, p.Black)
		}
	case *schemas.GameStartedPayload:
		s.gameStarted(ev.Key)
	case *schemas.GameOver:
		s.gameOver(ev.Key, p)
	case *schemas.PlayerRatedPayload:
		s.notify(ev.Key, ratedNotification(p), seat{})
	}
}

// notify passes a notification to the player's subscriptions. after is the
// player's seat after the event.
func (s *subscriptions) notify(playerID string, n notification, after seat) {
	s.each(playerID, func(sub *subscription) bool { return sub.Notify(n, after) })
}

// notifyBoth notifies both players, each from their own side of the board. If
// queueKey is not empty, their tickets are in that queue afterwards.
func (s *subscriptions) notifyBoth(white, black schemas.Seated, n notification, queueKey string) {
	notifyOne := func(own, other schemas.Seated, color schemas.Color) {
		n.Color, n.Opponent, n.TicketID = color, opponent(other), own.TicketID
		after := seat{}
		if queueKey != "" {
			after = queuedSeat(queueKey, own.TicketID)
		}
		s.notify(own.PlayerID, n, after)
	}
	notifyOne(white, black, schemas.White)
	notifyOne(black, white, schemas.Black)
}

func (s *subscriptions) trackGame(gameID string, white, black schemas.Seated) {
	if len(s.byPlayer[white.PlayerID])+len(s.byPlayer[black.PlayerID]) > 0 {
		s.players.Add(gameID, [2]schemas.Seated{white, black})
	}
}

// gameStarted notifies the players of a tracked game. A game that is not tracked
// was matched before its players subscribed: the view tells them.
func (s *subscriptions) gameStarted(gameID string) {
	players, ok := s.players.Get(gameID)
	if !ok {
		return
	}
	s.players.Remove(gameID)
	for _, p := range players {
		now := seat{player.Playing, "", p.TicketID, gameID}
		s.notify(p.PlayerID, startedNotification(now), now)
	}
}

func (s *subscriptions) gameOver(gameID string, p *schemas.GameOver) {
	s.players.Remove(gameID)
	if p.Queue == "" {
		return
	}
	queueKey := ""
	if p.Termination == schemas.MatchExpired {
		queueKey = p.Queue // the tickets go back
	}
	s.notifyBoth(p.White, p.Black, notification{Type: typeGameOver, GameID: gameID, Result: p.Result, Termination: p.Termination}, queueKey)
}
