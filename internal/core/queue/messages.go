package queue

import (
	"github.com/google/uuid"

	"tabiya/schemas"
)

// messages builds the messages of the facts, the same bytes in Decide and in Replay.
func (d decision) messages(facts []fact) (out []schemas.Message) {
	for i := range facts {
		switch f := &facts[i]; f.kind {
		case entered:
			out = append(out, d.event(f, schemas.PlayerQueued, &schemas.PlayerQueuedPayload{
				TicketID: f.white.TicketID.String(), PlayerID: f.white.PlayerID.String(), Rating: f.white.Rating, Waiting: f.waiting,
			}))
		case left:
			out = append(out, d.event(f, schemas.PlayerLeftQueue, &schemas.PlayerLeftQueuePayload{
				TicketID: f.white.TicketID.String(), PlayerID: f.white.PlayerID.String(),
			}), d.releaseSeat(f))
		case found, foundNamed:
			out = append(out, d.event(f, schemas.MatchFound, &schemas.MatchFoundPayload{
				GameID: f.game.String(), White: f.white.seated(), Black: f.black.seated(), Deadline: f.deadline, Named: f.named,
			}), d.createGame(f))
		case confirmed:
			out = append(out, d.event(f, schemas.MatchConfirmed, &schemas.MatchConfirmedPayload{
				GameID: f.game.String(), White: f.white.seated(), Black: f.black.seated(),
			}))
		case failed, failedNamed:
			out = append(out, d.event(f, schemas.MatchFailed, &schemas.MatchFailedPayload{
				GameID: f.game.String(), White: f.white.seated(), Black: f.black.seated(),
			}), d.abortGame(f))
			if f.kind == failed {
				out = append(out, d.requeueSeat(f, &f.white), d.requeueSeat(f, &f.black))
			} else {
				out = append(out, d.releaseFrom(&f.white, f.seq, f.game.String()), d.releaseFrom(&f.black, f.seq, f.game.String()))
			}
		case released:
			out = append(out, d.releaseSeat(f))
		case pairFailed:
			if f.before != uuid.Nil {
				out = append(out, d.failRematch(f))
			}
		case refused:
			out = append(out, d.refuse(f.code)...)
			if d.cmd.Type == schemas.EnterQueue {
				out = append(out, d.releaseSeat(f))
			}
		}
	}
	return out
}

func (p *Party) seated() schemas.Seated {
	return schemas.Seated{
		PlayerID: p.PlayerID.String(), Handle: p.Handle, Rating: p.Rating, Deviation: p.Deviation,
		TicketID: p.TicketID.String(), Attempt: p.Attempt,
	}
}

func (d decision) region() string { return schemas.QueueRegion(d.cmd.Key) }

func (d decision) event(f *fact, t schemas.EventType, payload any) schemas.Message {
	return schemas.Event{
		ID: schemas.EventID(d.cmd.Key, f.seq), Type: t, Key: d.cmd.Key, Seq: f.seq, OccurredAt: d.at,
		Region: d.region(), CommandID: d.cmd.ID, Payload: payload,
	}
}

// command builds a command to another aggregate. Its ID is derived from the other
// arguments, so a replay sends the same one.
func (d decision) command(t schemas.CommandType, key string, about uuid.UUID, number int64, payload any) schemas.Message {
	return schemas.Command{
		ID: schemas.DerivedID(about.String(), string(t)+"/"+key, number), Type: t, Key: key,
		Region: d.region(), Actor: schemas.ActorSystem, Payload: payload,
	}
}

func (d decision) releaseSeat(f *fact) schemas.Message {
	return d.releaseFrom(&f.white, f.seq, "")
}

// releaseFrom releases the seat of a ticket, and from the game that it led to, if any.
func (d decision) releaseFrom(p *Party, number int64, gameID string) schemas.Message {
	return d.command(schemas.ReleaseSeat, p.PlayerID.String(), p.TicketID, number, &schemas.ReleaseSeatPayload{TicketID: p.TicketID.String(), GameID: gameID})
}

func (d decision) failRematch(f *fact) schemas.Message {
	p := &schemas.FailRematchPayload{GameID: f.game.String(), Reason: f.why}
	if f.white.PlayerID != uuid.Nil {
		p.PlayerID = f.white.PlayerID.String()
	}
	return d.command(schemas.FailRematch, f.before.String(), f.game, 1, p)
}

func (d decision) createGame(f *fact) schemas.Message {
	_, pool, _, _ := schemas.SplitQueueKey(d.cmd.Key)
	p := &schemas.CreateGamePayload{White: f.white.seated(), Black: f.black.seated(), Rated: schemas.PoolRated(pool), Queue: d.cmd.Key, Deadline: f.deadline}
	p.TimeControl, _ = schemas.PoolTimeControl(pool)
	if g := f.named; g != nil {
		p.TimeControl, p.Rated, p.FEN, p.Private, p.RematchOf = g.TimeControl, g.Rated, g.FEN, g.Private, g.RematchOf
	}
	return d.command(schemas.CreateGame, f.game.String(), f.game, f.seq, p)
}

func (d decision) abortGame(f *fact) schemas.Message {
	return d.command(schemas.AbortGame, f.game.String(), f.game, f.seq, nil)
}

func (d decision) requeueSeat(f *fact, p *Party) schemas.Message {
	next := p.Attempt + 1
	return d.command(schemas.RequeueSeat, p.PlayerID.String(), p.TicketID, int64(next), &schemas.RequeueSeatPayload{
		TicketID: p.TicketID.String(), Attempt: next, GameID: f.game.String(), Queue: d.cmd.Key,
	})
}

func (d decision) reply(r schemas.Reply) []schemas.Message {
	if d.cmd.Actor == schemas.ActorSystem || d.cmd.Actor == "" {
		return nil
	}
	r.CommandID, r.CommandType, r.Key = d.cmd.ID, d.cmd.Type, d.cmd.Key
	r.Region, r.Actor, r.OccurredAt = d.cmd.Region, d.cmd.Actor, d.at
	return []schemas.Message{r}
}

func (d decision) repeated(seq int64) []schemas.Message {
	return d.reply(schemas.Reply{Type: schemas.CommandRepeated, Seq: seq})
}

func (d decision) refuse(code schemas.Code) []schemas.Message {
	return d.reply(schemas.Reply{Type: schemas.CommandRejected, Code: code, Detail: detail(code)})
}

// detail explains a refusal to the player.
func detail(code schemas.Code) string {
	switch code {
	case schemas.CodeQueueFull:
		return "The queue is full; try again in a moment."
	case schemas.CodeAlreadyMatched:
		return "You already have an opponent."
	case schemas.CodeNotQueued:
		return "You are not waiting in this queue."
	default:
		return "No queue has this name."
	}
}
