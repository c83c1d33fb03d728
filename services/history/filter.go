package history

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tabiya/schemas"
)

const (
	defaultLimit = 50
	maxLimit     = 200
)

// filter selects games of a player. Empty fields select all.
type filter struct {
	Player       string
	Since, Until time.Time // ended in [Since, Until)
	Speed        schemas.Speed
	Result       string // win, loss or draw, for the player
	Color        schemas.Color
	Opponent     string
	Viewer       viewer
}

// query is the request for a list.
type query struct {
	filter
	Limit int // 0: not given
	After *pageEnd
}

// refusal says why a request is refused.
type refusal struct {
	code   schemas.Code
	detail string
}

func (r *refusal) Error() string { return r.detail }

func invalid(format string, args ...any) *refusal {
	return &refusal{schemas.CodeInvalidField, fmt.Sprintf(format, args...)}
}

// parseQuery parses the query parameters. It refuses unknown names, so that a
// misspelt filter does not show all games. playerID returns the id of a player who is
// named by their id or their handle.
func parseQuery(player, raw string, playerID func(name string) (string, error)) (query, error) {
	q := query{filter: filter{Player: player}}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return query{}, invalid("the query string cannot be parsed")
	}
	cursor := ""
	for name, given := range values {
		if len(given) != 1 {
			return query{}, invalid("%.40q is given more than once", name)
		}
		value := given[0]
		switch name {
		case "limit":
			q.Limit, err = parseLimit(value)
		case "cursor":
			cursor = value
		case "since":
			q.Since, err = parseTime(name, value)
		case "until":
			q.Until, err = parseTime(name, value)
		case "speed":
			q.Speed, err = oneOf(name, value, schemas.Speeds()...)
		case "result":
			q.Result, err = oneOf(name, value, "win", "loss", "draw")
		case "color":
			q.Color, err = oneOf(name, value, schemas.White, schemas.Black)
		case "opponent":
			q.Opponent, err = playerID(value)
		default:
			err = &refusal{schemas.CodeUnknownField, fmt.Sprintf("unknown parameter %.40q", name)}
		}
		if err != nil {
			return query{}, err
		}
	}
	if _, given := values["cursor"]; given {
		if q.After, err = parseCursor(cursor, q.filter); err != nil {
			return query{}, &refusal{schemas.CodeInvalidCursor, err.Error()}
		}
	}
	return q, nil
}

func parseLimit(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > maxLimit {
		return 0, invalid("limit must be from 1 to %d", maxLimit)
	}
	return n, nil
}

// parseTime parses a date, which means midnight UTC, or an RFC 3339 time.
func parseTime(name, value string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, value)
	if err != nil {
		t, err = time.Parse(time.RFC3339, value)
	}
	if err != nil || !storable(t) {
		return time.Time{}, invalid("%s must be a date such as 2026-01-31 or an RFC 3339 time", name)
	}
	return t, nil
}

func oneOf[T ~string](name, value string, allowed ...T) (T, error) {
	if slices.Contains(allowed, T(value)) {
		return T(value), nil
	}
	return "", invalid("%s must be one of %v", name, allowed)
}

// where returns the SQL condition on player_games and its arguments.
func (f filter) where(after *pageEnd) (string, []any) {
	var (
		conditions []string
		args       []any
	)
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		conditions = append(conditions, condition)
	}
	add("player_id = ?", f.Player)
	if !f.Since.IsZero() {
		add("ended_at >= ?", f.Since)
	}
	if !f.Until.IsZero() {
		add("ended_at < ?", f.Until)
	}
	if f.Speed != "" {
		add("speed = ?", string(f.Speed))
	}
	if f.Result != "" {
		add("result = ?", f.Result)
	}
	if f.Color != "" {
		add("color = ?", string(f.Color))
	}
	if !f.Viewer.all {
		// A private game is for its two players.
		add("(NOT private OR ? IN (player_id::text, opponent_id::text))", f.Viewer.playerID)
	}
	if f.Opponent != "" {
		add("opponent_id = ?", f.Opponent)
	}
	if after != nil {
		// PostgreSQL needs the first half to exclude later partitions.
		add("ended_at <= ? AND (ended_at, game_id) < (?, ?)", after.EndedAt, after.EndedAt, after.GameID)
	}
	return strings.Join(conditions, " AND "), args
}

// storable reports whether both PostgreSQL and RFC 3339 can represent t.
func storable(t time.Time) bool { return t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 }

var errBadCursor = errors.New("the cursor is not valid for this player and these filters")
