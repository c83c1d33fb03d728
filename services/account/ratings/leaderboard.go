package ratings

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/schemas"
)

const (
	leadersWithin = 7 * 24 * time.Hour // since their last rated game of the speed

	defaultLeaders = 50
	maxLeaders     = 200
)

type leaderView struct {
	Rank         int          `json:"rank"`
	PlayerID     string       `json:"playerId"`
	Handle       string       `json:"handle"`
	Country      string       `json:"country,omitempty"`
	Rating       float64      `json:"rating"`
	Deviation    float64      `json:"deviation"`
	Games        int          `json:"games"`
	LastPlayedAt schemas.Time `json:"lastPlayedAt"`
}

type leaderboardView struct {
	Speed   schemas.Speed `json:"speed"`
	AsOf    *schemas.Time `json:"asOf,omitempty"`
	Players []leaderView  `json:"players"`
	Next    string        `json:"next,omitempty"`
}

// leadersQuery is a request for a page of a leaderboard.
type leadersQuery struct {
	Limit int
	After leadersEnd
}

// Leaderboard serves GET /v1/leaderboards/{speed}.
func (h *Handlers) Leaderboard(c *gin.Context) {
	speed, ok := h.speedOf(c)
	if !ok || !h.mayRead(c) {
		return
	}
	q, refused := parseLeaders(speed, c.Request.URL.RawQuery)
	if refused != nil {
		refused.answer(c)
		return
	}
	leaders, asOf, err := h.leaders(c.Request.Context(), speed, h.cfg.Now().Add(-leadersWithin), q.After, q.Limit+1)
	if err != nil {
		h.cfg.Fail(c, err)
		return
	}
	view := leaderboardView{Speed: speed, Players: []leaderView{}}
	if !asOf.IsZero() {
		view.AsOf = new(schemas.TimeOf(asOf))
	}
	for i, l := range leaders {
		rank := q.After.Rank + i + 1
		if i == q.Limit {
			last := leaders[i-1]
			view.Next = leadersEnd{last.Rating, last.PlayerID, rank - 1}.cursor(speed)
			break
		}
		view.Players = append(view.Players, leaderView{rank, l.PlayerID, l.Handle, l.Country, l.Rating, l.Deviation, l.Games, schemas.TimeOf(l.PlayedAt)})
	}
	c.JSON(http.StatusOK, view)
}

// parseLeaders parses the query of a leaderboard.
func parseLeaders(speed schemas.Speed, raw string) (leadersQuery, *refusal) {
	q := leadersQuery{Limit: defaultLeaders, After: leadersStart}
	refused := eachParameter(raw, func(name, value string) *refusal {
		switch name {
		case "limit":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > maxLeaders {
				return invalid("limit must be from 1 to %d", maxLeaders)
			}
			q.Limit = n
		case "cursor":
			end, ok := parseLeadersEnd(value, speed)
			if !ok {
				return &refusal{schemas.CodeInvalidCursor, "the cursor is not valid for this leaderboard"}
			}
			q.After = end
		default:
			return unknownParameter(name)
		}
		return nil
	})
	return q, refused
}
