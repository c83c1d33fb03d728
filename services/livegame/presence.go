package livegame

import (
	"context"
	"sync"
	"time"

	"tabiya/internal/core/game"
	"tabiya/schemas"
)

const (
	// goneAfter is how long nobody listens for a player before he counts as gone: a
	// page that is loaded again, or another network, takes that long.
	goneAfter = 2 * time.Second
	// presenceEvery is how often those are looked at whose time has come, and
	// marksAtOnce how many of them: when a proxy drops everybody, those who come
	// back must find room in the log for their moves.
	presenceEvery = 250 * time.Millisecond
	marksAtOnce   = 256
)

// presence knows for which players of running games there are sockets or streams
// here, and tells the games who goes and who comes (ADR 23). What a client does
// only notes when to look at his seat again: one that comes and goes a thousand
// times a second is looked at once. A seat is held while it is listened for, and
// from then until it was looked at.
type presence struct {
	mu    sync.Mutex
	seats map[seatKey]*listened
	due   map[seatKey]time.Time // when to look at a seat
}

type seatKey struct {
	gameID string
	color  schemas.Color
}

// listened is how a seat is listened for.
type listened struct {
	open int       // sockets and streams
	said time.Time // when the player said last that he leaves, since he came
	left bool      // and meant all of him: the last one ended soon after
	word time.Time // when a claim had it said that he is there
}

func newPresence() *presence {
	return &presence{seats: make(map[seatKey]*listened), due: make(map[seatKey]time.Time)}
}

// opened notes a socket or stream of a player; gone is what his game knows of him.
func (p *presence) opened(k seatKey, gone bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.seats[k]
	if l == nil {
		l = &listened{}
		p.seats[k] = l
	}
	l.open++
	l.said, l.left = time.Time{}, false
	if gone && l.open == 1 {
		p.due[k] = now
	}
}

// closed is the end of opened; left is true if the player said so.
func (p *presence) closed(k seatKey, left bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.seats[k]
	l.open--
	if left {
		l.said = now
	}
	if l.open == 0 {
		l.left, l.said = now.Sub(l.said) <= goneAfter, time.Time{} // else another page was left open, and dropped
		p.due[k] = now.Add(goneAfter)
	}
}

// toldGone hears that a game believes a player to be gone: another instance has
// lost him, and it may be that he is here.
func (p *presence) toldGone(k seatKey, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.seats[k]; l != nil && l.open > 0 {
		p.due[k] = now
	}
}

// owesWord reports whether somebody listens for a seat whose game believes him to
// be gone, once in a while: what was said then is in the log before what follows.
func (p *presence) owesWord(k seatKey, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.seats[k]
	if l == nil || l.open == 0 || now.Sub(l.word) < goneAfter {
		return false
	}
	l.word = now
	return true
}

// again has a seat looked at later, for what could not be said.
func (p *presence) again(k seatKey, left bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seats[k] == nil {
		p.seats[k] = &listened{left: left}
	}
	if _, ok := p.due[k]; !ok {
		p.due[k] = now.Add(goneAfter)
	}
}

// doubted has a seat looked at for which nobody listens here: its game believes
// the player to be there, perhaps by the word of an instance that is no more.
func (p *presence) doubted(k seatKey, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seats[k] == nil {
		p.seats[k], p.due[k] = &listened{}, now
	}
}

// take gives the seats that are to be looked at now, most of them at most.
func (p *presence) take(now time.Time, most int) map[seatKey]listened {
	p.mu.Lock()
	defer p.mu.Unlock()
	var taken map[seatKey]listened
	for k, at := range p.due {
		if now.Before(at) {
			continue
		}
		if taken == nil {
			taken = make(map[seatKey]listened)
		}
		taken[k] = *p.seats[k]
		delete(p.due, k)
		if p.seats[k].open == 0 {
			delete(p.seats, k)
		}
		if len(taken) == most {
			break
		}
	}
	return taken
}

// tellPresence looks at the seats until ctx is done. While Kafka is away they
// wait; there are no more of them than seats in the games held here.
func (s *Service) tellPresence(ctx context.Context) {
	tick := time.NewTicker(presenceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if s.gate.shut() != "" {
				continue
			}
			for k, l := range s.presence.take(now, marksAtOnce) {
				s.mark(k, l)
			}
		}
	}
}

// mark says whether a player is there, if his game knows otherwise.
func (s *Service) mark(k seatKey, l listened) {
	b := s.hub.board(k.gameID)
	if b == nil {
		return
	}
	state, goesOn := b.live()
	if !goesOn || (l.open == 0) == (state.GoneSince(k.color) != 0) {
		return
	}
	cmd := schemas.Command{
		ID: schemas.GameCommandID(k.gameID, schemas.NewID()), Type: schemas.MarkPresent, Key: k.gameID,
		Region: state.Region, Actor: schemas.ActorSystem, Payload: &schemas.MarkPresentPayload{Color: k.color},
	}
	if l.open == 0 {
		cmd.Type, cmd.Payload = schemas.MarkGone, &schemas.MarkGonePayload{Color: k.color, Left: l.left}
	}
	s.cfg.Commands.SendAsync(cmd, func(err error) {
		if err != nil {
			s.presence.again(k, l.left, time.Now())
		}
	})
}

// lookAt looks at a seat before a claim on it. Who is here is told back before the
// claim, in the same partition; where nobody is here, others are asked.
func (s *Service) lookAt(k seatKey, state *game.State) {
	switch now := time.Now(); {
	case state.GoneSince(k.color) != 0:
		if s.presence.owesWord(k, now) {
			s.mark(k, listened{open: 1})
		}
	case state.PresenceDecides(k.color.Other()):
		s.presence.doubted(k, now)
	}
}

// attend notes that somebody listens to a game who may be one of its players. The
// caller ends it, saying whether he left on purpose, from one goroutine; only the
// first word counts.
func (s *Service) attend(b *board, playerID string) (end func(left bool)) {
	state, goesOn := b.live()
	if !goesOn {
		return func(bool) {}
	}
	color, plays := state.ColorOf(playerID)
	if !plays {
		return func(bool) {}
	}
	k := seatKey{state.ID, color}
	s.presence.opened(k, state.GoneSince(color) != 0, time.Now())
	ended := false
	return func(left bool) {
		if !ended {
			ended = true
			s.presence.closed(k, left, time.Now())
		}
	}
}
