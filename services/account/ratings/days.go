package ratings

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/schemas"
)

// maxDays is how many days one answer has at most.
const maxDays = 1000

type ratingDay struct {
	Date      string  `json:"date"` // UTC
	Rating    float64 `json:"rating"`
	Deviation float64 `json:"deviation"`
	Games     int     `json:"games"`
}

type ratingDaysView struct {
	PlayerID string        `json:"playerId"`
	Speed    schemas.Speed `json:"speed"`
	Days     []ratingDay   `json:"days"`
}

// span is [Since, Until).
type span struct{ Since, Until time.Time }

// Days serves GET /v1/players/{handle or id}/ratings/{speed}.
func (h *Handlers) Days(c *gin.Context) {
	speed, ok := h.speedOf(c)
	if !ok || !h.mayRead(c) {
		return
	}
	within, refused := parseSpan(c.Request.URL.RawQuery)
	if refused != nil {
		refused.answer(c)
		return
	}
	id, err := h.cfg.PlayerID(c)
	if err != nil {
		h.cfg.Fail(c, err)
		return
	}
	days, err := h.dailyRatings(c.Request.Context(), id, speed, within.Since, within.Until, maxDays)
	if err != nil {
		h.cfg.Fail(c, err)
		return
	}
	view := ratingDaysView{PlayerID: id, Speed: speed, Days: make([]ratingDay, len(days))}
	for i, d := range days {
		view.Days[i] = ratingDay{d.RatedAt.UTC().Format(time.DateOnly), d.Rating, d.Deviation, d.Games}
	}
	c.JSON(http.StatusOK, view)
}

// parseSpan parses since and until, which are dates.
func parseSpan(raw string) (span, *refusal) {
	within := span{time.Unix(0, 0), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	refused := eachParameter(raw, func(name, value string) *refusal {
		day, err := time.Parse(time.DateOnly, value)
		bad := err != nil || day.Year() < 1
		switch name {
		case "since":
			within.Since = day
		case "until":
			within.Until = day
		default:
			return unknownParameter(name)
		}
		if bad {
			return invalid("%s must be a date such as 2026-01-31", name)
		}
		return nil
	})
	return within, refused
}
