package game

import (
	"fmt"

	"tabiya/internal/core/outage"
	"tabiya/schemas"
)

// Refusal is the answer to a command that caused no event.
type Refusal struct {
	Code   schemas.Code
	Detail string
	// Seq is set if the command was accepted before: it is the seq of its first
	// event, and Code and Detail are empty.
	Seq int64
}

// Reply returns the reply to send to the command's sender.
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

// Decide returns the events that a command causes at a broker time, and the state
// after them; or s itself and the refusal. A nil s is a game that does not exist.
// Neither events nor a refusal are returned if there was nothing to do: for a timer
// that fired early, or an abort of a game that does not exist yet (see Void).
func Decide(s *State, cmd schemas.Command, at schemas.Time) (*State, []schemas.Event, *Refusal) {
	return DecideAmid(outage.View{}, s, cmd, at)
}

// DecideAmid is Decide for a command of a partition with those outages. The time in
// which nobody could move is given back by a TimeRestored before the other events of
// the command.
func DecideAmid(outages outage.View, s *State, cmd schemas.Command, at schemas.Time) (*State, []schemas.Event, *Refusal) {
	d := decision{state: s, cmd: cmd, at: at, outages: outages}
	if refusal := d.decide(); refusal != nil {
		return s, nil, refusal
	}
	return d.state, d.events, nil
}

// decision collects the events of one command.
type decision struct {
	state  *State
	cmd    schemas.Command
	at     schemas.Time
	events []schemas.Event

	outages outage.View
}

// emit makes the next event and applies it.
func (d *decision) emit(t schemas.EventType, payload any) {
	ev := d.state.newEvent(t, d.state.Seq+1, d.at, d.cmd.ID, payload)
	next, err := Apply(d.state, ev)
	if err != nil {
		panic("game: apply an event just decided: " + err.Error())
	}
	d.state, d.events = next, append(d.events, ev)
}

func (d *decision) end(t schemas.EventType, result schemas.Result, termination schemas.Termination) {
	d.emit(t, d.state.gameOverPayload(result, termination, d.at))
}

func (d *decision) decide() *Refusal {
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
		return nil // the row is dropped without an event, see Evictable
	}
	system := d.cmd.Actor == schemas.ActorSystem
	switch {
	case s == nil || s.Void:
		if system {
			return nil
		}
		return refuse(schemas.CodeGameNotFound, "there is no such game")
	case !system && s.Private && !s.hasPlayer(d.cmd.Actor):
		return refuse(schemas.CodeGameNotFound, "there is no such game") // strangers must not learn that it exists
	case s.Over() && system && d.cmd.Type == schemas.FailRematch:
		d.failRematch(d.cmd.Payload.(*schemas.FailRematchPayload))
		return nil
	case s.Over() && !isRematchCommand(d.cmd.Type):
		return s.overRefusal()
	case system:
		return d.bySystem()
	}
	color, ok := s.ColorOf(d.cmd.Actor)
	if !ok {
		return refuse(schemas.CodeNotAPlayer, "only the two players may do this")
	}
	if !s.Over() {
		d.restore()
		s = d.state
	}
	switch {
	case d.cmd.Type == schemas.PlayMove:
		return d.play(color, d.cmd.Payload.(*schemas.PlayMovePayload))
	case !s.Over() && s.expired(d.at):
		d.endOnTime() // the time ran out before the command reached the broker
		return nil
	}
	return d.byPlayer(color)
}

func (s *State) hasPlayer(playerID string) bool {
	_, plays := s.ColorOf(playerID)
	return plays
}

// bySystem handles the commands of timers, processors and services.
func (d *decision) bySystem() *Refusal {
	switch d.cmd.Type {
	case schemas.AbortGame:
		d.end(schemas.GameAborted, schemas.NoResult, schemas.MatchExpired)
		return nil
	case schemas.CheckFlag, schemas.MarkGone, schemas.MarkPresent:
		if !d.outOfTime() {
			d.presence()
		}
		return nil
	}
	return refuse(schemas.CodeNotAPlayer, "only the two players may do this")
}

// byPlayer handles the commands of players, except PlayMove.
func (d *decision) byPlayer(color schemas.Color) *Refusal {
	switch d.cmd.Type {
	case schemas.Resign:
		d.end(schemas.GameResigned, schemas.WinFor(color.Other()), schemas.Resignation)
		return nil
	case schemas.AbortGame:
		if d.state.Plies >= 2 {
			return refuse(schemas.CodeTooLateToAbort, "both sides have moved: resign instead")
		}
		p := d.state.gameOverPayload(schemas.NoResult, schemas.AbortedByPlayer, d.at)
		p.AbortedBy = color
		d.emit(schemas.GameAborted, p)
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
