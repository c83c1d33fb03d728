package player

import "tabiya/schemas"

// decision is one command in Decide or Replay.
type decision struct {
	cmd schemas.Command
	at  schemas.Time
	// origin is the command's partition and offset. Commands sent to a queue carry it.
	origin schemas.Origin
}

// Decide handles a new command at broker time at. A nil s is a player who is not
// registered. If changed, next is the row to store; s is never modified. out are the
// events, commands and replies to send.
func Decide(s *State, cmd schemas.Command, at schemas.Time, origin schemas.Origin) (next *State, changed bool, out []schemas.Message) {
	d := decision{cmd, at, origin}
	if s == nil && cmd.Type != schemas.RegisterPlayer {
		return nil, false, d.refuse(schemas.CodePlayerNotFound, "No such player is registered.")
	}
	switch p := cmd.Payload.(type) {
	case *schemas.RegisterPlayerPayload:
		return d.register(s, p)
	case *schemas.UpdatePlayerPayload:
		return d.update(s, p)
	case *schemas.EndSessionsPayload:
		return d.endSessions(s, p)
	case *schemas.JoinQueuePayload:
		return d.join(s, p)
	case *schemas.ReleaseSeatPayload:
		return d.release(s, p)
	case *schemas.RequeueSeatPayload:
		return d.requeue(s, p)
	case *schemas.SeatInGamePayload:
		return d.seatInGame(s, p)
	case *schemas.TakeSeatPayload:
		return d.takeSeat(s, p)
	case *schemas.RecordResultPayload:
		return d.recordResult(s, p)
	}
	switch cmd.Type {
	case schemas.ClosePlayer:
		return d.close(s)
	case schemas.LeaveQueue:
		return d.leave(s)
	}
	return s, false, nil
}

func (d decision) register(s *State, p *schemas.RegisterPlayerPayload) (*State, bool, []schemas.Message) {
	if s != nil {
		if a, ok := s.acceptedBefore(d.cmd); ok {
			return s, false, d.repeat(a)
		}
		return s, false, d.refuse(schemas.CodePlayerExists, "This player is already registered.")
	}
	if !schemas.ValidID(d.cmd.Key) || !validProfile(p.Handle, p.Country) {
		return nil, false, d.refuse(schemas.CodeInvalidField, "The player's id, handle or country is invalid.")
	}
	if !schemas.ValidRegion(d.cmd.Region) {
		return nil, false, d.refuse(schemas.CodeUnknownRegion, "No region has this name.")
	}
	n := &State{ID: d.cmd.Key, Handle: p.Handle, Country: p.Country, Region: d.cmd.Region, Revision: 1}
	return d.accept(n, schemas.PlayerRegistered, &schemas.PlayerFacts{Handle: p.Handle, Country: p.Country})
}

func (d decision) update(s *State, p *schemas.UpdatePlayerPayload) (*State, bool, []schemas.Message) {
	if a, ok := s.acceptedBefore(d.cmd); ok {
		return s, false, d.repeat(a)
	}
	switch {
	case s.Closed:
		return s, false, d.refuse(schemas.CodePlayerClosed, "The account is closed.")
	case p.Revision <= s.Revision:
		// A newer revision was applied before: this one is outdated.
		return s, false, d.repeat(Accepted{Print: fingerprint(d.cmd)})
	case !validProfile(p.Handle, p.Country) || !schemas.ValidRegion(d.cmd.Region):
		return s, false, d.refuse(schemas.CodeInvalidField, "The player's handle, country or region is invalid.")
	}
	n := s.clone()
	n.Handle, n.Country, n.Region, n.Revision = p.Handle, p.Country, d.cmd.Region, p.Revision
	return d.accept(n, schemas.PlayerUpdated, &schemas.PlayerFacts{Handle: p.Handle, Country: p.Country})
}

func (d decision) close(s *State) (*State, bool, []schemas.Message) {
	if a, ok := s.acceptedBefore(d.cmd); ok {
		return s, false, d.repeat(a)
	}
	if s.Closed {
		return s, false, d.refuse(schemas.CodePlayerClosed, "The account is already closed.")
	}
	n := s.clone()
	n.Closed = true
	n, changed, out := d.accept(n, schemas.PlayerClosed, &schemas.PlayerClosedPayload{})
	if n.Seat.Status == Queued {
		out = append(out, d.withdrawOnClose(n))
	}
	return n, changed, out
}
