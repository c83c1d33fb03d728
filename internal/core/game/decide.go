package game

import (
	"fmt"

	"tabiya/schemas"
)

// Refusal says why a command caused no event.
type Refusal struct {
	Code   schemas.Code
	Detail string
	// Seq is not 0 if nothing was wrong: the command was accepted before, and
	// this is its first event.
	Seq int64
}

// Reply is the answer to whoever sent the command.
func (r Refusal) Reply(cmd schemas.Command, at schemas.Time) schemas.Reply {
	reply := schemas.Reply{
		Type: schemas.CommandRejected, CommandID: cmd.ID, CommandType: cmd.Type, Key: cmd.Key,
		Region: cmd.Region, Actor: cmd.Actor, OccurredAt: at, Code: r.Code, Detail: r.Detail,
	}
	if r.Seq > 0 {
		reply.Type, reply.Code, reply.Detail, reply.Seq = schemas.CommandRepeated, "", "", r.Seq
	}
	return reply
}

func refuse(code schemas.Code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Decide judges a command at a broker time. A nil s is a game that does not
// exist. No events and no refusal: there was nothing to do (a timer that came
// early, an abort of a game that does not exist yet: see Void).
func Decide(s *State, cmd schemas.Command, at schemas.Time) ([]schemas.Event, *Refusal) {
	_, events, refusal := Judge(s, cmd, at)
	return events, refusal
}

// Judge is Decide that also gives the state after the events; s itself if there
// are none.
func Judge(s *State, cmd schemas.Command, at schemas.Time) (*State, []schemas.Event, *Refusal) {
	d := decision{state: s, cmd: cmd, at: at}
	if refusal := d.judge(); refusal != nil {
		return s, nil, refusal
	}
	return d.state, d.events, nil
}

// decision collects what one command causes.
type decision struct {
	state  *State
	cmd    schemas.Command
	at     schemas.Time
	events []schemas.Event
}

// emit makes the next event and applies it.
func (d *decision) emit(t schemas.EventType, payload any) {
	ev := d.state.event(t, d.state.Seq+1, d.at, d.cmd.ID, payload)
	next, err := Apply(d.state, ev)
	if err != nil {
		panic("game: an event of our own: " + err.Error())
	}
	d.state, d.events = next, append(d.events, ev)
}

func (d *decision) end(t schemas.EventType, result schemas.Result, termination schemas.Termination) {
	d.emit(t, d.state.over(result, termination, d.at))
}

func (d *decision) judge() *Refusal {
	s := d.state
	if s != nil {
		if r := s.Repeat(d.cmd); r != nil {
			return r
		}
	}
	switch d.cmd.Type {
	case schemas.CreateGame:
		return d.create()
	case schemas.EvictGame:
		return nil // see Evictable: no event tells it
	}
	system := d.cmd.Actor == schemas.ActorSystem
	switch {
	case s == nil || s.Void:
		if system {
			return nil
		}
		return refuse(schemas.CodeGameNotFound, "there is no such game")
	case !system && s.Private && !s.seats(d.cmd.Actor):
		return refuse(schemas.CodeGameNotFound, "there is no such game") // to him there is not
	case s.Over() && !aboutRematch(d.cmd.Type):
		return refuse(schemas.CodeGameOver, "the game is over: %s, %s", s.Result, s.Termination)
	case system:
		return d.bySystem()
	}
	color, ok := s.ColorOf(d.cmd.Actor)
	switch {
	case !ok:
		return refuse(schemas.CodeNotAPlayer, "only the two players may do this")
	case d.cmd.Type == schemas.PlayMove:
		return d.play(color, d.cmd.Payload.(*schemas.PlayMovePayload))
	case !s.Over() && s.late(d.at):
		d.timeUp() // the broker's clock ended the game before this came
		return nil
	}
	return d.byPlayer(color)
}

// seats reports whether somebody is one of the players.
func (s *State) seats(playerID string) bool {
	_, plays := s.ColorOf(playerID)
	return plays
}

// bySystem judges what timers, processors and services say of a game.
func (d *decision) bySystem() *Refusal {
	switch d.cmd.Type {
	case schemas.AbortGame:
		d.end(schemas.GameAborted, schemas.NoResult, schemas.MatchExpired)
		return nil
	case schemas.CheckFlag, schemas.MarkGone, schemas.MarkPresent:
		if d.state.late(d.at) {
			d.timeUp()
		} else {
			d.presence()
		}
		return nil
	}
	return refuse(schemas.CodeNotAPlayer, "only the two players may do this")
}

// byPlayer judges all that a player does but his moves, in time.
func (d *decision) byPlayer(color schemas.Color) *Refusal {
	switch d.cmd.Type {
	case schemas.Resign:
		d.end(schemas.GameResigned, schemas.WinFor(color.Other()), schemas.Resignation)
		return nil
	case schemas.AbortGame:
		if d.state.Plies >= 2 {
			return refuse(schemas.CodeTooLateToAbort, "both sides have moved: resign instead")
		}
		d.end(schemas.GameAborted, schemas.NoResult, schemas.AbortedByPlayer)
		return nil
	case schemas.OfferDraw, schemas.AcceptDraw, schemas.DeclineDraw:
		return d.draw(color)
	case schemas.ClaimDraw:
		return d.claimDraw(color)
	case schemas.OfferTakeback, schemas.AcceptTakeback, schemas.DeclineTakeback:
		return d.takeback(color)
	case schemas.AddTime:
		return d.addTime(color)
	case schemas.ClaimVanished:
		return d.claimVanished(color, d.cmd.Payload.(*schemas.ClaimVanishedPayload))
	case schemas.OfferRematch, schemas.AcceptRematch, schemas.DeclineRematch:
		return d.rematch(color)
	}
	return refuse(schemas.CodeForbidden, "players do not send %s", d.cmd.Type)
}

func (d *decision) create() *Refusal {
	switch s := d.state; {
	case s != nil && s.Void:
		return refuse(schemas.CodeGameOver, "the game was aborted before it was created")
	case s != nil:
		return refuse(schemas.CodeGameExists, "there is such a game already")
	case d.cmd.Actor != schemas.ActorSystem && d.cmd.Actor != schemas.ActorService:
		return refuse(schemas.CodeForbidden, "players do not create games")
	}
	p := d.cmd.Payload.(*schemas.CreateGamePayload)
	if p.Deadline != 0 && d.at > p.Deadline {
		return refuse(schemas.CodeGameOver, "the time in which this game could be made has passed")
	}
	if p.White.PlayerID == "" || p.Black.PlayerID == "" {
		return refuse(schemas.CodePlayerNotFound, "a game has two players")
	}
	if p.White.PlayerID == p.Black.PlayerID {
		return refuse(schemas.CodeSamePlayer, "nobody plays himself")
	}
	if err := p.TimeControl.Validate(); err != nil {
		return refuse(schemas.CodeInvalidTimeControl, "%v", err)
	}
	if !schemas.ValidRegion(d.cmd.Region) {
		return refuse(schemas.CodeUnknownRegion, "%.20q is not a region", d.cmd.Region)
	}
	if p.RematchOf != "" && !schemas.ValidID(p.RematchOf) {
		return refuse(schemas.CodeInvalidField, "rematchOf: the id of a game")
	}
	start, err := startFrom(p.FEN)
	if err != nil {
		return refuse(schemas.CodeInvalidFEN, "%v", err)
	}
	d.state = &State{
		ID: d.cmd.Key, Region: d.cmd.Region, White: p.White, Black: p.Black, TimeControl: p.TimeControl,
		Rated: p.Rated, Private: p.Private, Queue: p.Queue, RematchOf: p.RematchOf,
	}
	d.state.setStart(start.FEN())
	created := d.state.event(schemas.GameCreated, 1, d.at, d.cmd.ID, d.state.created())
	next, err := Apply(nil, created)
	if err != nil {
		panic("game: an event of our own: " + err.Error())
	}
	d.state, d.events = next, append(d.events, created)
	d.emit(schemas.GameStarted, d.state.started(d.at))
	return nil
}
