package queue

import (
	"github.com/google/uuid"

	"tabiya/schemas"
)

// messages says what the facts say: in Decide for the first time, in Replay
// again, the same bytes both times.
func (j judge) messages(facts []fact) (out []schemas.Message) {
	for i := range facts {
		switch f := &facts[i]; f.kind {
		case entered:
			out = append(out, j.event(f, schemas.PlayerQueued, &schemas.PlayerQueuedPayload{
				TicketID: f.white.TicketID.String(), PlayerID: f.white.PlayerID.String(), Rating: f.white.Rating, Waiting: f.waiting,
			}))
		case left:
			out = append(out, j.event(f, schemas.PlayerLeftQueue, &schemas.PlayerLeftQueuePayload{
				TicketID: f.white.TicketID.String(), PlayerID: f.white.PlayerID.String(),
			}), j.releaseSeat(f))
		case found:
			out = append(out, j.event(f, schemas.MatchFound, &schemas.MatchFoundPayload{
				GameID: f.game.String(), White: f.white.seated(), Black: f.black.seated(), Deadline: f.deadline,
			}), j.createGame(f))
		case confirmed:
			out = append(out, j.event(f, schemas.MatchConfirmed, &schemas.MatchConfirmedPayload{
				GameID: f.game.String(), White: f.white.seated(), Black: f.black.seated(),
			}))
		case failed:
			out = append(out, j.event(f, schemas.MatchFailed, &schemas.MatchFailedPayload{
				GameID: f.game.String(), White: f.white.seated(), Black: f.black.seated(),
			}), j.abortGame(f), j.requeueSeat(f, &f.white), j.requeueSeat(f, &f.black))
		case refused:
			out = append(out, j.refuse(f.code)...)
			if j.cmd.Type == schemas.EnterQueue {
				out = append(out, j.releaseSeat(f))
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

func (j judge) region() string {
	region, _, _, _ := schemas.SplitQueueKey(j.cmd.Key)
	return region
}

func (j judge) event(f *fact, t schemas.EventType, payload any) schemas.Message {
	return schemas.Event{
		ID: schemas.EventID(j.cmd.Key, f.seq), Type: t, Key: j.cmd.Key, Seq: f.seq, OccurredAt: j.at,
		Region: j.region(), CommandID: j.cmd.ID, Payload: payload,
	}
}

// command is what another aggregate is asked to do; its id is the same each time.
func (j judge) command(t schemas.CommandType, key string, about uuid.UUID, number int64, payload any) schemas.Message {
	return schemas.Command{
		ID: schemas.DerivedID(about.String(), string(t)+"/"+key, number), Type: t, Key: key,
		Region: j.region(), Actor: schemas.ActorSystem, Payload: payload,
	}
}

func (j judge) releaseSeat(f *fact) schemas.Message {
	ticket, player := f.white.TicketID, f.white.PlayerID.String()
	return j.command(schemas.ReleaseSeat, player, ticket, f.seq, &schemas.ReleaseSeatPayload{TicketID: ticket.String()})
}

func (j judge) createGame(f *fact) schemas.Message {
	_, pool, _, _ := schemas.SplitQueueKey(j.cmd.Key)
	tc, _ := schemas.PoolTimeControl(pool)
	return j.command(schemas.CreateGame, f.game.String(), f.game, f.seq, &schemas.CreateGamePayload{
		White: f.white.seated(), Black: f.black.seated(), TimeControl: tc, Rated: true, Queue: j.cmd.Key, Deadline: f.deadline,
	})
}

func (j judge) abortGame(f *fact) schemas.Message {
	return j.command(schemas.AbortGame, f.game.String(), f.game, f.seq, nil)
}

func (j judge) requeueSeat(f *fact, p *Party) schemas.Message {
	next := p.Attempt + 1
	return j.command(schemas.RequeueSeat, p.PlayerID.String(), p.TicketID, int64(next), &schemas.RequeueSeatPayload{
		TicketID: p.TicketID.String(), Attempt: next, GameID: f.game.String(), Queue: j.cmd.Key,
	})
}

func (j judge) reply(r schemas.Reply) []schemas.Message {
	if j.cmd.Actor == schemas.ActorSystem || j.cmd.Actor == "" {
		return nil
	}
	r.CommandID, r.CommandType, r.Key = j.cmd.ID, j.cmd.Type, j.cmd.Key
	r.Region, r.Actor, r.OccurredAt = j.cmd.Region, j.cmd.Actor, j.at
	return []schemas.Message{r}
}

func (j judge) repeated(seq int64) []schemas.Message {
	return j.reply(schemas.Reply{Type: schemas.CommandRepeated, Seq: seq})
}

func (j judge) refuse(code schemas.Code) []schemas.Message {
	return j.reply(schemas.Reply{Type: schemas.CommandRejected, Code: code, Detail: detail(code)})
}

// detail is a refusal in one sentence for people.
func detail(code schemas.Code) string {
	switch code {
	case schemas.CodeQueueFull:
		return "The queue is full; try again in a moment."
	case schemas.CodeAlreadyMatched:
		return "You have an opponent already."
	case schemas.CodeNotQueued:
		return "You do not wait in this queue."
	default:
		return "No queue has this name."
	}
}
