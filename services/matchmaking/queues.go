package matchmaking

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tabiya/internal/core/queue"
	"tabiya/internal/httpx"
	"tabiya/schemas"
)

// shard is the shard of every queue: one row holds a region's pool.
const shard = 0

type queueView struct {
	Queue          string              `json:"queue"`
	Region         string              `json:"region"`
	Speed          schemas.Speed       `json:"speed"`
	Rated          bool                `json:"rated"`
	TimeControl    schemas.TimeControl `json:"timeControl"`
	Waiting        int                 `json:"waiting"`
	ExpectedWaitMs int64               `json:"expectedWaitMs,omitempty"`
}

// eachQueue calls fn for each queue that has a row.
func (s *Service) eachQueue(fn func(*queue.State)) {
	if !s.queues.Ready() {
		return
	}
	for _, region := range s.cfg.Regions {
		for _, pool := range schemas.Pools() {
			if row, ok := s.queues.Get(schemas.QueueKey(region, pool, shard)); ok {
				fn(row)
			}
		}
	}
}

// list serves GET /v1/queues.
func (s *Service) list(c *gin.Context) {
	if !s.queues.Ready() {
		httpx.Fail(c, schemas.CodeUnavailable, "the queues are still loading")
		return
	}
	views := make([]queueView, 0, len(s.cfg.Regions)*len(schemas.Pools()))
	for _, region := range s.cfg.Regions {
		for _, pool := range schemas.Pools() {
			tc, _ := schemas.PoolTimeControl(pool)
			v := queueView{Queue: pool, Region: region, Speed: tc.Speed(), Rated: schemas.PoolRated(pool), TimeControl: tc}
			if row, ok := s.queues.Get(schemas.QueueKey(region, pool, shard)); ok {
				v.Waiting, v.ExpectedWaitMs = row.WaitingCount(), row.ExpectedWait().Milliseconds()
			}
			views = append(views, v)
		}
	}
	c.JSON(http.StatusOK, gin.H{"queues": views})
}
