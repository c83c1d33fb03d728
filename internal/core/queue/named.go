package queue

import (
	"slices"

	"github.com/google/uuid"

	"tabiya/schemas"
)

// enterNamed handles the seat that a player took for a named game: the match is made
// once both are taken. The seat is released if the game has failed.
func (d decision) enterNamed(s *State, p *schemas.EnterQueuePayload) (*State, bool, []schemas.Message) {
	n := &State{Key: d.cmd.Key}
	if s != nil {
		n = s.clone()
	}
	game := p.Named
	color, plays := colorOf(game, p.PlayerID)
	if !plays || p.TicketID != game.TicketID(color) || parsed(game.GameID) == uuid.Nil {
		// The players processor sends no such command.
		return s, false, nil
	}
	if !n.advance(p.Origin) {
		return s, false, nil
	}
	n.bury(d.at)
	party := Party{parsed(p.TicketID), parsed(p.PlayerID), p.Handle, p.Rating, p.Deviation, 1}
	i := n.pair(game.GameID)
	switch {
	case i < 0 && n.isDead(game, d.at):
		return d.finish(n, fact{kind: released, white: party})
	case i < 0 && d.at > game.Deadline, i < 0 && n.tickets() >= d.cfg.MaxTickets:
		return d.finish(n, fact{kind: released, white: party}, failedPair(game, schemas.NoAnswer, ""))
	case i < 0:
		n.Pairs = append(n.Pairs, Pair{Game: *game})
		i = len(n.Pairs) - 1
	}
	pair := &n.Pairs[i]
	if color == schemas.White {
		pair.White = &party
	} else {
		pair.Black = &party
	}
	if pair.White == nil || pair.Black == nil {
		return d.finish(n)
	}
	full := *pair
	n.Pairs = slices.Delete(n.Pairs, i, i+1)
	return d.finish(n, d.makeNamed(n, full))
}

// makeNamed makes the match of a named game.
func (d decision) makeNamed(n *State, p Pair) fact {
	n.Seq++
	game := p.Game
	m := Match{
		GameID: parsed(game.GameID), Deadline: d.at.Add(d.cfg.MatchDeadline), Named: &game,
		White: Ticket{Party: *p.White, JoinedAt: d.at, Seq: n.Seq}, Black: Ticket{Party: *p.Black, JoinedAt: d.at, Seq: n.Seq},
	}
	n.Matches = append(n.Matches, m)
	return fact{kind: foundNamed, seq: n.Seq, white: *p.White, black: *p.Black, game: m.GameID, deadline: m.Deadline, named: &game}
}

// removeNamed handles a seat that was refused to a named game, or that its player gives
// up because they close their account. A game that has been requested goes on.
func (d decision) removeNamed(s *State, p *schemas.RemoveTicketPayload) (*State, bool, []schemas.Message) {
	n := &State{Key: d.cmd.Key}
	if s != nil {
		n = s.clone()
	}
	if !n.advance(p.Origin) {
		return s, false, nil
	}
	n.bury(d.at)
	i := slices.IndexFunc(n.Pairs, func(pair Pair) bool {
		return p.TicketID == pair.Game.TicketID(schemas.White) || p.TicketID == pair.Game.TicketID(schemas.Black)
	})
	switch {
	case i >= 0:
		pair := n.Pairs[i]
		n.Pairs = slices.Delete(n.Pairs, i, i+1)
		n.kill(&pair.Game, d.at)
		return d.finish(n, pair.fail(p.Reason, p.PlayerID)...)
	case p.Named == nil || n.isDead(p.Named, d.at):
		return d.finish(n)
	}
	n.kill(p.Named, d.at)
	return d.finish(n, failedPair(p.Named, p.Reason, p.PlayerID))
}

// expirePair fails a named game of which not both seats were taken in time.
func (d decision) expirePair(s *State, gameID string) (*State, bool, []schemas.Message) {
	i := s.pair(gameID)
	if i < 0 || d.at < s.Pairs[i].Game.Deadline {
		return s, false, nil
	}
	n := s.clone()
	pair := n.Pairs[i]
	n.Pairs = slices.Delete(n.Pairs, i, i+1)
	n.kill(&pair.Game, d.at)
	n.bury(d.at)
	return d.finish(n, pair.fail(schemas.NoAnswer, "")...)
}

// fail returns the facts of a game that is not played: its seats are released.
func (p *Pair) fail(why schemas.SeatRefusal, whose string) (facts []fact) {
	for _, party := range []*Party{p.White, p.Black} {
		if party != nil {
			facts = append(facts, fact{kind: released, white: *party})
		}
	}
	return append(facts, failedPair(&p.Game, why, whose))
}

func failedPair(game *schemas.NamedGame, why schemas.SeatRefusal, whose string) fact {
	return fact{kind: pairFailed, game: parsed(game.GameID), before: parsed(game.RematchOf), why: why, white: Party{PlayerID: parsed(whose)}}
}

func colorOf(game *schemas.NamedGame, playerID string) (c schemas.Color, ok bool) {
	switch playerID {
	case game.WhiteID:
		return schemas.White, true
	case game.BlackID:
		return schemas.Black, true
	}
	return "", false
}

func (s *State) pair(gameID string) int {
	return slices.IndexFunc(s.Pairs, func(p Pair) bool { return p.Game.GameID == gameID })
}

// tickets returns how many tickets the row holds.
func (s *State) tickets() int {
	return len(s.Waiting) + 2*len(s.Matches) + 2*len(s.Pairs) + len(s.Dead)
}

// kill remembers that a named game has failed.
func (s *State) kill(game *schemas.NamedGame, at schemas.Time) {
	if at <= game.Deadline {
		s.Dead = append(s.Dead, Dead{parsed(game.GameID), game.Deadline})
	}
}

// isDead reports whether the row knows that a named game has failed.
func (s *State) isDead(game *schemas.NamedGame, at schemas.Time) bool {
	id := parsed(game.GameID)
	return slices.ContainsFunc(s.Dead, func(x Dead) bool { return x.GameID == id && at <= x.Until })
}

// bury forgets the games that need no memory any more.
func (s *State) bury(at schemas.Time) {
	s.Dead = slices.DeleteFunc(s.Dead, func(x Dead) bool { return x.Until < at })
}
