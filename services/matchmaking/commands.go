package matchmaking

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/await"
	"tabiya/internal/core/player"
	"tabiya/internal/httpx"
	"tabiya/schemas"
)

const (
	// indexTimeout is how long to wait until a new player is in the index.
	indexTimeout = 2 * time.Second
	// seatTimeout is how long to wait until a seat is free after the player has
	// heard that their game is over or that they left the queue.
	seatTimeout = 500 * time.Millisecond
)

type ticketView struct {
	Queue    string `json:"queue"`
	Region   string `json:"region"`
	TicketID string `json:"ticketId"`
}

// join serves POST /v1/queues/{queue}/join.
func (s *Service) join(c *gin.Context) {
	pool := c.Param("queue")
	var body struct {
		Region string `json:"region"`
	}
	if !s.knownPool(c, pool) || (c.Request.ContentLength != 0 && !httpx.Bind(c, &body)) {
		return
	}
	id, row, ok := s.prepare(c)
	if !ok {
		return
	}
	s.leases.Joined(row.ID, time.Now())
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
		// The player may know already that the seat is free.
		ctx, cancel := context.WithTimeout(c.Request.Context(), seatTimeout)
		s.cfg.Players.WaitUntil(ctx, row.ID, func(r *player.State) bool { return r.Seat.Status == player.Idle })
		cancel()
	}
	_, ok = s.command(c, schemas.Command{
		ID: id, Type: schemas.JoinQueue, Key: row.ID, Region: region, Actor: row.ID,
		Payload: &schemas.JoinQueuePayload{Queue: schemas.QueueKey(region, pool, shard), Holder: s.leases.Instance()},
	})
	if ok {
		c.JSON(http.StatusOK, ticketView{pool, region, id})
	}
}

// leave serves POST /v1/queues/{queue}/leave.
func (s *Service) leave(c *gin.Context) {
	pool := c.Param("queue")
	if !s.knownPool(c, pool) || !httpx.BindNothing(c) {
		return
	}
	id, row, ok := s.prepare(c)
	if !ok {
		return
	}
	if _, queued, _, _ := schemas.SplitQueueKey(row.Seat.Queue); row.Seat.Status == player.Queued && queued != pool {
		httpx.Fail(c, schemas.CodeNotQueued, "you are waiting in another queue")
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

// waitForSeat waits until the seat is free, so that a player who has left can
// join again at once.
func (s *Service) waitForSeat(c *gin.Context, playerID string, left *schemas.Event) {
	p, ok := left.Payload.(*schemas.PlayerLeftQueuePayload)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), seatTimeout)
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

// prepare returns the id of the request's command and the row of its player. If
// ok is false it has answered the request.
func (s *Service) prepare(c *gin.Context) (id string, row *player.State, ok bool) {
	if id, ok = httpx.CommandID(c, httpx.PlayerID(c)); !ok {
		return "", nil, false
	}
	if !s.rates.Allow(httpx.PlayerID(c), time.Now()) {
		httpx.Fail(c, schemas.CodeRateLimited, fmt.Sprintf("slower: %d joins and leaves a second", s.cfg.RequestRate))
		return "", nil, false
	}
	if reason := s.unavailable(); reason != "" {
		httpx.Fail(c, schemas.CodeUnavailable, reason)
		return "", nil, false
	}
	row, ok = s.findPlayer(c)
	return id, row, ok
}

// findPlayer returns the row of the request's player. If ok is false it has
// answered the request.
func (s *Service) findPlayer(c *gin.Context) (row *player.State, ok bool) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), indexTimeout)
	defer cancel()
	row, ok = s.cfg.Players.WaitFor(ctx, httpx.PlayerID(c))
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

// command sends a command and waits for its answer. If ok is false it has
// answered the request: the command was refused or its outcome is not known.
func (s *Service) command(c *gin.Context, cmd schemas.Command) (answer await.Answer, ok bool) {
	if r, ok := s.answers.Refused(cmd.Key, cmd.ID); ok {
		s.refuse(c, cmd, r)
		return await.Answer{}, false
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.cfg.AnswerTimeout)
	defer cancel()
	w := s.answers.Expect(cmd.Key, cmd.ID)
	defer w.Forget()
	err := s.cfg.Commands.Send(ctx, cmd)
	if err == nil {
		answer, err = w.Wait(ctx)
	}
	switch {
	case c.Request.Context().Err() != nil:
		c.Abort() // the client has gone
	case err != nil:
		s.cfg.Logger.Warn("command not answered", "err", err, "command_id", cmd.ID, "player_id", cmd.Key)
		httpx.Fail(c, schemas.CodeOutcomeUnknown, "no answer in time; send the request again with the same Idempotency-Key")
	case answer.Reply != nil && answer.Reply.Type == schemas.CommandRejected:
		s.refuse(c, cmd, *answer.Reply)
	default:
		return answer, true
	}
	return await.Answer{}, false
}

// refuse answers with a refusal. A refusal by the queue names the command that
// the player's processor sent there, under the same id.
func (s *Service) refuse(c *gin.Context, cmd schemas.Command, r schemas.Reply) {
	refused := r.CommandType
	switch refused {
	case schemas.EnterQueue:
		refused = schemas.JoinQueue
	case schemas.RemoveTicket:
		refused = schemas.LeaveQueue
	}
	if refused != cmd.Type {
		httpx.Fail(c, schemas.CodeKeyReused, "this Idempotency-Key was used for another command")
		return
	}
	if r.Code == schemas.CodeJoinTooSoon {
		s.tellWait(c, cmd.Key)
	}
	httpx.Fail(c, r.Code, r.Detail)
}

// tellWait tells how long the player has to wait for their next join.
func (s *Service) tellWait(c *gin.Context, playerID string) {
	row, ok := s.cfg.Players.Get(playerID)
	if !ok {
		return
	}
	wait := time.Until(row.Missed.Until().Std())
	c.Header("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
}
