package livegame

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame/lookup"
	"tabiya/services/livegame/protocol"
)

// maxListed limits the games of one answer.
const maxListed = 100

type gamesView struct {
	Games []protocol.Game `json:"games"`
}

// list is GET /v1/games?ids=a,b,c and GET /v1/games?player=, an id or a handle. It omits games that are
// not held or that the client may not see. Unlike show, it does not wait for a game.
func (s *Service) list(c *gin.Context) {
	gameIDs, player, code, detail := parseList(c.Request.URL.RawQuery)
	if code != "" {
		httpx.Fail(c, code, detail)
		return
	}
	if why := s.availability.WhyNoReads(); why != "" {
		httpx.Fail(c, schemas.CodeUnavailable, why)
		return
	}
	if player != "" {
		id, ok := lookup.PlayerID(s.cfg.Players, player)
		if !ok {
			httpx.Fail(c, schemas.CodePlayerNotFound, fmt.Sprintf("there is no player %.40q", player))
			return
		}
		gameIDs = s.games.RunningOf(id)
	}
	view := gamesView{Games: []protocol.Game{}}
	for _, id := range gameIDs {
		g := s.games.Get(id)
		if g == nil {
			continue
		}
		// The game may have ended since RunningOf was called.
		if state := g.State(); lookup.MaySee(c, state) && (player == "" || !state.Over()) {
			view.Games = append(view.Games, s.view(g, state))
		}
	}
	if player != "" {
		slices.SortFunc(view.Games, func(a, b protocol.Game) int {
			return cmp.Or(cmp.Compare(b.CreatedAt, a.CreatedAt), strings.Compare(a.ID, b.ID))
		})
		view.Games = view.Games[:min(len(view.Games), maxListed)]
	}
	c.JSON(http.StatusOK, view)
}

// parseList parses the query of list: either ids or player. Any other parameter is
// an error, because it may be a misspelt name.
func parseList(raw string) (gameIDs []string, player string, code schemas.Code, detail string) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, "", schemas.CodeInvalidField, "the query string cannot be read"
	}
	for name, given := range values {
		switch {
		case name != "ids" && name != "player":
			return nil, "", schemas.CodeUnknownField, "unknown parameter " + strconv.Quote(name[:min(len(name), 40)])
		case len(given) != 1 || len(values) != 1:
			return nil, "", schemas.CodeInvalidField, "one of ids and player, once"
		}
	}
	switch given := values.Get("ids"); {
	case values.Has("player"):
		if player = values.Get("player"); player == "" {
			return nil, "", schemas.CodePlayerNotFound, "player: an id or a handle"
		}
		return nil, player, "", ""
	case strings.Count(given, ",") >= maxListed:
		return nil, "", schemas.CodeInvalidField, "ids: " + strconv.Itoa(maxListed) + " at most"
	default:
		gameIDs = strings.Split(given, ",")
	}
	seen := make(map[string]bool, len(gameIDs))
	for _, id := range gameIDs {
		if !schemas.ValidID(id) || seen[id] {
			return nil, "", schemas.CodeInvalidField, "ids: game ids, each once, with commas between"
		}
		seen[id] = true
	}
	return gameIDs, "", "", ""
}
