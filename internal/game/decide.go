package game

import (
	"errors"
	"fmt"

	"tabiya/internal/rules"
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
	if s == nil || s.Void {
		if system {
			return nil
		}
		return refuse(schemas.CodeGameNotFound, "there is no such game")
	}
	if s.Over() {
		return refuse(schemas.CodeGameOver, "the game is over: %s, %s", s.Result, s.Termination)
	}
	switch {
	case d.cmd.Type == schemas.CheckFlag:
		if s.late(d.at) {
			d.timeUp()
		}
		return nil
	case d.cmd.Type == schemas.AbortGame && system:
		d.end(schemas.GameAborted, schemas.NoResult, schemas.MatchExpired)
		return nil
	}
	color, ok := s.ColorOf(d.cmd.Actor)
	if !ok {
		return refuse(schemas.CodeNotAPlayer, "only the two players may do this")
	}
	if d.cmd.Type == schemas.PlayMove {
		return d.play(color, d.cmd.Payload.(*schemas.PlayMovePayload))
	}
	if s.late(d.at) {
		d.timeUp() // the broker's clock ended the game before this came
		return nil
	}
	switch d.cmd.Type {
	case schemas.Resign:
		d.end(schemas.GameResigned, schemas.WinFor(color.Other()), schemas.Resignation)
		return nil
	case schemas.AbortGame:
		if s.Plies >= 2 {
			return refuse(schemas.CodeTooLateToAbort, "both sides have moved: resign instead")
		}
		d.end(schemas.GameAborted, schemas.NoResult, schemas.AbortedByPlayer)
		return nil
	default:
		return d.draw(color)
	}
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

func (d *decision) play(color schemas.Color, p *schemas.PlayMovePayload) *Refusal {
	s := d.state
	if color != s.Turn() {
		return refuse(schemas.CodeNotYourTurn, "it is %s's turn", s.Turn())
	}
	if p.Ply != 0 && p.Ply != s.Plies+1 {
		return refuse(schemas.CodeWrongPly, "the next ply is %d, not %d", s.Plies+1, p.Ply)
	}
	if _, ok := rules.ParseUCI(p.UCI); !ok {
		return refuse(schemas.CodeMalformedMove, "%.16q is not a move in UCI", p.UCI)
	}
	compensated := s.Clock.Compensation(s.turn(), d.at, p.LagCs)
	if s.late(d.at) || !s.Clock.Reaches(s.turn(), d.at, compensated) {
		d.timeUp()
		return nil
	}
	next, san, err := position(s.FEN).Play(p.UCI)
	if err != nil {
		if errors.Is(err, rules.ErrMalformed) {
			return refuse(schemas.CodeMalformedMove, "%.16q is not a move in UCI", p.UCI)
		}
		return refuse(schemas.CodeIllegalMove, "%s is not legal here", p.UCI)
	}
	result, termination := s.verdict(next, color)
	after, audit := s.Clock.Move(s.TimeControl, s.turn(), d.at, compensated)
	d.emit(schemas.MoveMade, s.moved(s.Plies+1, p.UCI, san, next.FEN(), audit, after, termination != ""))
	if termination != "" {
		d.end(schemas.GameEnded, result, termination)
	}
	return nil
}

// verdict says whether the move of color to next ends the game.
func (s *State) verdict(next rules.Position, color schemas.Color) (schemas.Result, schemas.Termination) {
	switch next.Status() {
	case rules.Checkmate:
		return schemas.WinFor(color), schemas.Checkmate
	case rules.Stalemate:
		return schemas.Draw, schemas.Stalemate
	case rules.Insufficient:
		return schemas.Draw, schemas.InsufficientMaterial
	}
	switch {
	case next.HalfmoveClock() > 0 && s.repetitions(next.Key()) >= 4:
		return schemas.Draw, schemas.FivefoldRepetition
	case next.HalfmoveClock() >= seventyFiveMoves:
		return schemas.Draw, schemas.SeventyFiveMoves
	case s.Plies+1 >= MaxPlies:
		return schemas.Draw, schemas.MaxPlies
	}
	return "", ""
}

func (s *State) late(at schemas.Time) bool { return s.Clock.Expired(s.TimeControl, s.turn(), at) }

// timeUp ends the game of a side to move that is too late.
func (d *decision) timeUp() {
	s := d.state
	if s.turn().First {
		d.end(schemas.GameAborted, schemas.NoResult, schemas.FirstMoveExpired)
		return
	}
	winner := s.Turn().Other()
	switch {
	case s.DrawOffer == winner: // it offered a draw and that still stands
		d.end(schemas.GameTimeout, schemas.Draw, schemas.Agreement)
	case !position(s.FEN).CanMate(winner):
		d.end(schemas.GameTimeout, schemas.Draw, schemas.TimeVsInsufficient)
	default:
		d.end(schemas.GameTimeout, schemas.WinFor(winner), schemas.TimeForfeit)
	}
}
