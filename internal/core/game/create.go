package game

import "tabiya/schemas"

func (d *decision) create() *Refusal {
	switch s := d.state; {
	case s != nil && s.Void:
		return refuse(schemas.CodeGameOver, "the game was aborted before it was created")
	case s != nil:
		return refuse(schemas.CodeGameExists, "the game already exists")
	case d.cmd.Actor != schemas.ActorSystem && d.cmd.Actor != schemas.ActorService:
		return refuse(schemas.CodeForbidden, "players do not create games")
	}
	p := d.cmd.Payload.(*schemas.CreateGamePayload)
	if p.Deadline != 0 && d.at > p.Deadline {
		return refuse(schemas.CodeGameOver, "the deadline for creating this game has passed")
	}
	if p.White.PlayerID == "" || p.Black.PlayerID == "" {
		return refuse(schemas.CodePlayerNotFound, "a game has two players")
	}
	if p.White.PlayerID == p.Black.PlayerID {
		return refuse(schemas.CodeSamePlayer, "a player cannot play against themselves")
	}
	if err := p.TimeControl.Validate(); err != nil {
		return refuse(schemas.CodeInvalidTimeControl, "%v", err)
	}
	if !schemas.ValidRegion(d.cmd.Region) {
		return refuse(schemas.CodeUnknownRegion, "%.20q is not a region", d.cmd.Region)
	}
	if p.RematchOf != "" && !schemas.ValidID(p.RematchOf) {
		return refuse(schemas.CodeInvalidField, "rematchOf must be the id of a game")
	}
	start, err := parseStart(p.FEN)
	if err != nil {
		return refuse(schemas.CodeInvalidFEN, "%v", err)
	}
	d.state = &State{
		ID: d.cmd.Key, Region: d.cmd.Region, White: p.White, Black: p.Black, TimeControl: p.TimeControl,
		Rated: p.Rated, Private: p.Private, Queue: p.Queue, RematchOf: p.RematchOf,
	}
	d.state.setStart(start.FEN())
	created := d.state.newEvent(schemas.GameCreated, 1, d.at, d.cmd.ID, d.state.createdPayload())
	next, err := Apply(nil, created)
	if err != nil {
		panic("game: apply an event just decided: " + err.Error())
	}
	d.state, d.events = next, append(d.events, created)
	d.emit(schemas.GameStarted, d.state.startedPayload(d.at))
	return nil
}
