package account

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tabiya/internal/core/player"
	"tabiya/schemas"
	"tabiya/services/account/fields"
)

// Players is the index of the players whom the log knows, such as a tables.View.
type Players interface {
	Get(playerID string) (row *player.State, ok bool)
	// Find finds a player by their handle in lower case.
	Find(handle string) (row *player.State, ok bool)
	// Ready reports whether the index was read once.
	Ready() bool
}

// provisionalFrom is the deviation from which a rating is provisional.
const provisionalFrom = 110

type publicRating struct {
	Rating      float64 `json:"rating"`
	Deviation   float64 `json:"deviation"`
	Provisional bool    `json:"provisional"`
	Games       int     `json:"games"`
}

// publicPlayer is a player's public profile.
type publicPlayer struct {
	ID        string                         `json:"id"`
	Handle    string                         `json:"handle"`
	Region    string                         `json:"region"`
	Country   string                         `json:"country,omitempty"`
	Closed    bool                           `json:"closed"`
	CreatedAt schemas.Time                   `json:"createdAt"`
	Ratings   map[schemas.Speed]publicRating `json:"ratings"`
}

// player serves GET /v1/players/{handle or id}. No handle is as long as an id.
func (s *Service) player(c *gin.Context) {
	a, err := s.accountOf(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, publicPlayer{
		ID: a.ID, Handle: a.Handle, Region: a.Region, Country: a.Country,
		Closed: a.Closed, CreatedAt: schemas.TimeOf(a.CreatedAt), Ratings: s.ratings(a.ID),
	})
}

// accountOf reads the account of the player in the path.
func (s *Service) accountOf(c *gin.Context) (account, error) {
	name := c.Param("player")
	switch {
	case schemas.ValidID(name):
		return s.accounts.ByID(c.Request.Context(), name)
	case fields.Handle(name) != nil:
		return account{}, errNoAccount
	}
	return s.accounts.ByHandle(c.Request.Context(), name)
}

// ratings returns a player's ratings by speed. A player who is not in the index
// has played no game.
func (s *Service) ratings(playerID string) map[schemas.Speed]publicRating {
	ratings := make(map[schemas.Speed]publicRating)
	row, ok := s.cfg.Players.Get(playerID)
	if !ok {
		return ratings
	}
	for _, r := range row.Ratings {
		if r.Games > 0 {
			ratings[r.Speed] = publicRating{r.Rating, r.Deviation, r.Deviation >= provisionalFrom, r.Games}
		}
	}
	return ratings
}
