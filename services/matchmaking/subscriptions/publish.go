package subscriptions

import (
	"tabiya/internal/core/player"
	"tabiya/schemas"
)

// Publish passes an event on to the players concerned. A game that no queue made
// takes no seat, so its players are not notified: whoever created it tells them.
func (s *Registry) Publish(ev schemas.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch p := ev.Payload.(type) {
	case *schemas.PlayerQueuedPayload:
		s.notify(p.PlayerID, queuedNotification(ev.Key, p.TicketID), queuedSeat(ev.Key, p.TicketID))
	case *schemas.PlayerLeftQueuePayload:
		s.notify(p.PlayerID, leftNotification(ev.Key, p.TicketID), seat{})
	case *schemas.MatchFoundPayload:
		_, pool, _, _ := schemas.SplitQueueKey(ev.Key)
		tc, _ := schemas.PoolTimeControl(pool)
		rated := schemas.PoolRated(pool)
		if p.Named != nil {
			tc, rated = p.Named.TimeControl, p.Named.Rated
		}
		s.trackGame(p.GameID, trackedGame{p.White, p.Black, tc, rated})
		deadline := p.Deadline
		s.notifyBoth(p.White, p.Black, Notification{Type: TypeMatched, GameID: p.GameID, Deadline: &deadline}, returnsTo(ev.Key))
	case *schemas.MatchFailedPayload:
		s.games.Remove(p.GameID)
		s.notifyBoth(p.White, p.Black, Notification{Type: TypeMatchFailed, GameID: p.GameID}, returnsTo(ev.Key))
	case *schemas.GameCreatedPayload:
		if p.Queue != "" {
			s.trackGame(ev.Key, trackedGame{p.White, p.Black, p.TimeControl, p.Rated})
		}
	case *schemas.GameStartedPayload:
		s.gameStarted(ev.Key)
	case *schemas.GameOver:
		s.gameOver(ev.Key, p)
	case *schemas.RematchFailedPayload:
		s.rematchFailed(ev.Key, p)
	case *schemas.PlayerRatedPayload:
		s.notify(ev.Key, ratedNotification(p), seat{})
	}
}

// notify passes a notification to the player's subscriptions. after is the
// player's seat after the event.
func (s *Registry) notify(playerID string, n Notification, after seat) {
	s.each(playerID, func(sub *Subscription) bool { return sub.Notify(n, after) })
}

// notifyBoth notifies both players, each from their own side of the board. If
// queueKey is not empty, their tickets are in that queue afterwards.
func (s *Registry) notifyBoth(white, black schemas.Seated, n Notification, queueKey string) {
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

// trackedGame is a game that was matched or created, and may not have started yet.
type trackedGame struct {
	white, black schemas.Seated
	timeControl  schemas.TimeControl
	rated        bool
}

// seats returns the seats of both players, White's first.
func (g trackedGame) seats(gameID string) (seats [2]seat) {
	for i, side := range []struct {
		color         schemas.Color
		own, opponent schemas.Seated
	}{{schemas.White, g.white, g.black}, {schemas.Black, g.black, g.white}} {
		seats[i] = seat{status: player.Playing, ticketID: side.own.TicketID, gameID: gameID, game: &schemas.SeatedGame{
			Color: side.color, OpponentID: side.opponent.PlayerID, OpponentHandle: side.opponent.Handle, OpponentRating: side.opponent.Rating,
			TimeControl: g.timeControl, Rated: g.rated,
		}}
	}
	return seats
}

func (s *Registry) trackGame(gameID string, g trackedGame) {
	if len(s.byPlayer[g.white.PlayerID])+len(s.byPlayer[g.black.PlayerID]) > 0 {
		s.games.Add(gameID, g)
	}
}

// gameStarted notifies the players of a tracked game. A game that is not tracked
// was matched before its players subscribed: the view tells them.
func (s *Registry) gameStarted(gameID string) {
	g, ok := s.games.Get(gameID)
	if !ok {
		return
	}
	s.games.Remove(gameID)
	seats := g.seats(gameID)
	s.notify(g.white.PlayerID, startedNotification(seats[0]), seats[0])
	s.notify(g.black.PlayerID, startedNotification(seats[1]), seats[1])
}

func (s *Registry) gameOver(gameID string, p *schemas.GameOver) {
	s.games.Remove(gameID)
	if len(s.byPlayer[p.White.PlayerID])+len(s.byPlayer[p.Black.PlayerID]) > 0 {
		s.over.Add(gameID, [2]string{p.White.PlayerID, p.Black.PlayerID})
	}
	if p.Queue == "" {
		return
	}
	queueKey := ""
	if p.Termination == schemas.MatchExpired {
		queueKey = returnsTo(p.Queue)
	}
	s.notifyBoth(p.White, p.Black, Notification{Type: TypeGameOver, GameID: gameID, Result: p.Result, Termination: p.Termination}, queueKey)
}

// returnsTo returns the queue to which the tickets of a failed match go back, "" if its
// players agreed on the game.
func returnsTo(queueKey string) string {
	if schemas.IsNamedQueue(queueKey) {
		return ""
	}
	return queueKey
}

// rematchFailed notifies both players of a game, if one was subscribed when it ended.
func (s *Registry) rematchFailed(gameID string, p *schemas.RematchFailedPayload) {
	players, ok := s.over.Get(gameID)
	if !ok {
		return
	}
	for _, id := range players {
		s.notify(id, Notification{Type: TypeRematchFailed, GameID: gameID, Reason: p.Reason}, seat{})
	}
}
