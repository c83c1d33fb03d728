package queue

import (
	"github.com/google/uuid"

	"tabiya/schemas"
)

// messages says what the facts say: in Decide for the first time, in Replay
// again, the same bytes both times.
func (j judge) messages(facts []Fact) (out []schemas.Message) {
	for i := range facts {
		switch f := &facts[i]; f.Kind {
		case Entered:
			out = append(out, j.event(f, schemas.PlayerQueued, &schemas.PlayerQueuedPayload{
				TicketID: f.White.TicketID.String(), PlayerID: f.White.PlayerID.String(), Rating: f.White.Rating, Waiting: f.Waiting,
			}))
		case Left:
			out = append(out, j.event(f, schemas.PlayerLeftQueue, &schemas.PlayerLeftQueuePayload{
				TicketID: f.White.TicketID.String(), PlayerID: f.White.PlayerID.String(),
			}), j.releaseSeat(f))
		case Found:
			out = append(out, j.event(f, schemas.MatchFound, &schemas.MatchFoundPayload{
				GameID: f.GameID.String(), White: f.White.seated(), Black: f.Black.seated(), Deadline: f.Deadline,
			}), j.createGame(f))
		case Confirmed:
			out = append(out, j.event(f, schemas.MatchConfirmed, &schemas.MatchConfirmedPayload{
				GameID: f.GameID.String(), White: f.White.seated(), Black: f.Black.seated(),
			}))
		case Failed:
			out = append(out, j.event(f, schemas.MatchFailed, &schemas.MatchFailedPayload{
				GameID: f.GameID.String(), White: f.White.seated(), Black: f.Black.seated(),
			}), j.abortGame(f), j.requeueSeat(f, &f.White), j.requeueSeat(f, &f.Black))
		case Refused:
			out = append(out, j.refuse(f.Code)...)
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

func (j judge) event(f *Fact, t schemas.EventType, payload any) schemas.Message {
	return schemas.Event{
		ID: schemas.EventID(j.cmd.Key, f.Seq), Type: t, Key: j.cmd.Key, Seq: f.Seq, OccurredAt: j.at,
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

func (j judge) releaseSeat(f *Fact) schemas.Message {
	ticket, player := f.White.TicketID, f.White.PlayerID.String()
	return j.command(schemas.ReleaseSeat, player, ticket, f.Seq, &schemas.ReleaseSeatPayload{TicketID: ticket.String()})
}

func (j judge) createGame(f *Fact) schemas.Message {
	_, pool, _, _ := schemas.SplitQueueKey(j.cmd.Key)
	tc, _ := schemas.PoolTimeControl(pool)
	return j.command(schemas.CreateGame, f.GameID.String(), f.GameID, f.Seq, &schemas.CreateGamePayload{
		White: f.White.seated(), Black: f.Black.seated(), TimeControl: tc, Rated: true, Queue: j.cmd.Key, Deadline: f.Deadline,
	})
}

func (j judge) abortGame(f *Fact) schemas.Message {
	return j.command(schemas.AbortGame, f.GameID.String(), f.GameID, f.Seq, nil)
}

func (j judge) requeueSeat(f *Fact, p *Party) schemas.Message {
	next := p.Attempt + 1
	return j.command(schemas.RequeueSeat, p.PlayerID.String(), p.TicketID, int64(next), &schemas.RequeueSeatPayload{
		TicketID: p.TicketID.String(), Attempt: next, GameID: f.GameID.String(), Queue: j.cmd.Key,
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
