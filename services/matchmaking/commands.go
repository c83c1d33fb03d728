package matchmaking

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/await"
	"tabiya/internal/core/player"
	"tabiya/internal/httpx"
	"tabiya/schemas"
)

const (
	// indexPatience is how long a player who registered just now may take to
	// reach the index.
	indexPatience = 2 * time.Second
	// seatPatience is how long a seat may take to be freed after the game or
	// the leave that the player has heard of.
	seatPatience = 500 * time.Millisecond
)

type ticketView struct {
	Queue    string `json:"queue"`
	Region   string `json:"region"`
	TicketID string `json:"ticketId"`
}

// join is POST /v1/queues/{queue}/join.
func (s *Service) join(c *gin.Context) {
	pool := c.Param("queue")
	var body struct {
		Region string `json:"region"`
	}
	if !s.knownPool(c, pool) || (c.Request.ContentLength != 0 && !httpx.Bind(c, &body)) {
		return
	}
	id, row, ok := s.begun(c)
	if !ok {
		return
	}
	region := body.Region
	if region == "" {
		region = row.Region
	}
	switch {
	case !s.hasRegion(region):
		httpx.Fail(c, schemas.CodeUnknownRegion, "there are no queues in this region")
		return
	case row.Closed:
		httpx.Fail(c, schemas.CodePlayerClosed, "the account is closed")
		return
	case row.Seat.Status != player.Idle && row.Seat.TicketID != id:
		// The view, or the seat itself, may be a moment behind what the player
		// has heard.
		ctx, cancel := context.WithTimeout(c.Request.Context(), seatPatience)
		s.cfg.Players.WaitUntil(ctx, row.ID, func(r *player.State) bool { return r.Seat.Status == player.Idle })
		cancel()
	}
	_, ok = s.command(c, schemas.Command{
		ID: id, Type: schemas.JoinQueue, Key: row.ID, Region: region, Actor: row.ID,
		Payload: &schemas.JoinQueuePayload{Queue: schemas.QueueKey(region, pool, shard)},
	})
	if ok {
		c.JSON(http.StatusOK, ticketView{pool, region, id})
	}
}

// leave is POST /v1/queues/{queue}/leave.
func (s *Service) leave(c *gin.Context) {
	pool := c.Param("queue")
	if !s.knownPool(c, pool) || !httpx.BindNothing(c) {
		return
	}
	id, row, ok := s.begun(c)
	if !ok {
		return
	}
	if _, queued, _, _ := schemas.SplitQueueKey(row.Seat.Queue); row.Seat.Status == player.Queued && queued != pool {
		httpx.Fail(c, schemas.CodeNotQueued, "you wait in another queue")
		return
	}
	answer, ok := s.command(c, schemas.Command{ID: id, Type: schemas.LeaveQueue, Key: row.ID, Region: row.Region, Actor: row.ID})
	if !ok {
		return
	}
	if answer.Event != nil {
		s.waitForSeat(c, row.ID, answer.Event)
	}
	c.Status(http.StatusNoContent)
}

// waitForSeat waits until the seat is free as well, so that who has left can
// join at once.
func (s *Service) waitForSeat(c *gin.Context, playerID string, left *schemas.Event) {
	p, ok := left.Payload.(*schemas.PlayerLeftQueuePayload)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), seatPatience)
	defer cancel()
	s.cfg.Players.WaitUntil(ctx, playerID, func(r *player.State) bool { return r.Seat.TicketID != p.TicketID })
}

func (s *Service) knownPool(c *gin.Context, pool string) bool {
	if _, ok := schemas.PoolTimeControl(pool); ok {
		return true
	}
	httpx.Fail(c, schemas.CodeQueueNotFound, "GET /v1/queues lists the queues")
	return false
}

// begun names the command and finds the player behind it. False where it has
// answered.
func (s *Service) begun(c *gin.Context) (id string, row *player.State, ok bool) {
	if id, ok = httpx.CommandID(c, httpx.PlayerID(c)); !ok {
		return "", nil, false
	}
	if why := s.shut(); why != "" {
		httpx.Fail(c, schemas.CodeUnavailable, why)
		return "", nil, false
	}
	row, ok = s.indexed(c)
	return id, row, ok
}

// indexed finds the player in the index.
func (s *Service) indexed(c *gin.Context) (*player.State, bool) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), indexPatience)
	defer cancel()
	row, ok := s.cfg.Players.WaitFor(ctx, httpx.PlayerID(c))
	switch {
	case ok:
		return row, true
	case c.Request.Context().Err() != nil:
		c.Abort() // the client has gone
	default:
		httpx.Fail(c, schemas.CodePlayerNotFound, "the player is not in the index")
	}
	return nil, false
}

// command sends a command and waits for its answer. False where it has answered
// for itself: with a refusal, or because the outcome is not known.
func (s *Service) command(c *gin.Context, cmd schemas.Command) (await.Answer, bool) {
	if r, ok := s.answers.Refused(cmd.Key, cmd.ID); ok {
		refuse(c, cmd, r)
		return await.Answer{}, false
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.cfg.AnswerTimeout)
	defer cancel()
	w := s.answers.Expect(cmd.Key, cmd.ID)
	defer w.Forget()
	err := s.cfg.Commands.Send(ctx, cmd)
	var answer await.Answer
	if err == nil {
		answer, err = w.Wait(ctx)
	}
	switch {
	case c.Request.Context().Err() != nil:
		c.Abort() // the client has gone
	case err != nil:
		s.cfg.Logger.Warn("no answer to a command", "err", err, "command_id", cmd.ID, "player_id", cmd.Key)
		httpx.Fail(c, schemas.CodeOutcomeUnknown, "no answer in time; the same Idempotency-Key asks again")
	case answer.Reply != nil && answer.Reply.Type == schemas.CommandRejected:
		refuse(c, cmd, *answer.Reply)
	default:
		return answer, true
	}
	return await.Answer{}, false
}

// refuse answers with a refusal. It may have come from the queue, which was
// asked under the same id.
func refuse(c *gin.Context, cmd schemas.Command, r schemas.Reply) {
	asked := r.CommandType
	switch asked {
	case schemas.EnterQueue:
		asked = schemas.JoinQueue
	case schemas.RemoveTicket:
		asked = schemas.LeaveQueue
	}
	if asked != cmd.Type {
		httpx.Fail(c, schemas.CodeKeyReused, "this key was used for something else")
		return
	}
	httpx.Fail(c, r.Code, r.Detail)
}
