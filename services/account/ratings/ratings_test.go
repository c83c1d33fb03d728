package ratings_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"tabiya/schemas"
	"tabiya/services/account/ratings"
)

// rated is a row of ratings.
type rated struct {
	playerID          string
	speed             schemas.Speed
	at                time.Time
	rating, deviation float64
	games             int
}

// write inserts the row as the sink does.
func (r *rig) write(rows ...rated) {
	r.t.Helper()
	for _, row := range rows {
		if _, err := r.pool.Exec(r.t.Context(), `INSERT INTO ratings (player_id, game_id, speed, rated_at, rating, deviation, volatility, change, games)
			VALUES ($1, $2, $3, $4, $5, $6, 0.06, 1, $7)`, row.playerID, schemas.NewID(), string(row.speed), row.at, row.rating, row.deviation, row.games); err != nil {
			r.t.Fatal(err)
		}
	}
}

// newPlayer inserts an account without a password.
func (r *rig) newPlayer(handle string, closed bool) (id string) {
	r.t.Helper()
	id = schemas.NewID()
	if _, err := r.pool.Exec(r.t.Context(), `INSERT INTO accounts (id, handle, handle_lower, password_hash, region, country, closed_at)
		VALUES ($1, $2, lower($2), '', 'eu', 'NO', CASE WHEN $3 THEN now() END)`, id, handle, closed); err != nil {
		r.t.Fatal(err)
	}
	return id
}

// leaders reads a leaderboard page by page.
func (r *rig) leaders(speed string, limit int) (all []ratings.LeaderView, asOf *schemas.Time) {
	r.t.Helper()
	for next := ""; ; {
		path := fmt.Sprintf("/v1/leaderboards/%s?limit=%d", speed, limit)
		if next != "" {
			path += "&cursor=" + next
		}
		var page ratings.LeaderboardView
		if resp := r.request("GET", path, "", &page); resp.StatusCode != http.StatusOK || len(page.Players) > limit {
			r.t.Fatalf("%s: %d, %d players", path, resp.StatusCode, len(page.Players))
		}
		all, asOf = append(all, page.Players...), page.AsOf
		if next = page.Next; next == "" {
			return all, asOf
		}
	}
}

func TestLeaderboardHasPlayersOfReliableRatingsWhoPlay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if none, asOf := r.leaders("blitz", 5); len(none) != 0 || asOf != nil {
		t.Fatalf("%+v as of %v before the first game", none, asOf)
	}
	now := time.Now().Truncate(time.Millisecond)
	player := func(handle string) string { return r.newPlayer(handle, false) }
	first, second, third := player("first"), player("second"), player("third")
	if first > second {
		first, second = second, first // the same rating: by id
	}
	hour := now.Add(-time.Hour)
	r.write(
		rated{third, schemas.Blitz, hour, 1700, 75, 30},
		rated{second, schemas.Blitz, hour, 1800, 60, 40},
		rated{first, schemas.Blitz, hour, 1800, 60, 400},
		rated{player("unsure"), schemas.Blitz, now, 1900, 75.1, 40},
		rated{player("new"), schemas.Blitz, hour, 1900, 50, 29},
		rated{player("away"), schemas.Blitz, now.Add(-ratings.LeadersWithin - time.Minute), 1900, 50, 40},
		rated{player("rapid"), schemas.Rapid, hour, 1900, 50, 40},
		rated{r.newPlayer("closed", true), schemas.Blitz, hour, 1900, 50, 40},
		rated{schemas.NewID(), schemas.Blitz, hour, 1900, 50, 40}, // without an account
	)
	want := func(players ...string) {
		t.Helper()
		for _, limit := range []int{1, 2, 3, 200} {
			all, asOf := r.leaders("blitz", limit)
			var got []string
			for i, l := range all {
				if got = append(got, l.PlayerID); l.Rank != i+1 || l.Country != "NO" {
					t.Errorf("%+v at %d", l, i)
				}
			}
			if !slices.Equal(got, players) || asOf == nil || *asOf != schemas.TimeOf(now) {
				t.Errorf("%v as of %v in pages of %d, want %v as of %v", got, asOf, limit, players, now)
			}
		}
	}
	want(first, second, third)
	r.write(rated{first, schemas.Blitz, hour, 1600, 61, 401}, rated{third, schemas.Blitz, hour, 2000, 80, 29}) // the second comes late
	want(second, third, first)
}

func TestRatingsOfDaysHaveOnePointADay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	anna := r.newPlayer("Anna", false)
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	r.write(
		rated{anna, schemas.Blitz, day, 1500, 90, 1},
		rated{anna, schemas.Blitz, day.Add(time.Hour), 1510, 89, 2},
		rated{anna, schemas.Blitz, day.Add(24*time.Hour - time.Millisecond), 1520, 88, 3},
		rated{anna, schemas.Blitz, day.Add(24 * time.Hour), 1530, 87, 4},
		rated{anna, schemas.Blitz, day.Add(24 * time.Hour), 1525, 87, 5}, // within one millisecond
		rated{anna, schemas.Blitz, day.Add(9 * 24 * time.Hour), 1540, 86, 6},
		rated{anna, schemas.Rapid, day, 1900, 85, 1},
		rated{r.newPlayer("Ben", false), schemas.Blitz, day, 1400, 85, 1},
	)
	days := []ratings.Day{{"2026-03-01", 1520, 88, 3}, {"2026-03-02", 1525, 87, 5}, {"2026-03-10", 1540, 86, 6}}
	for query, want := range map[string][]ratings.Day{
		"": days, "?since=2026-03-02": days[1:], "?until=2026-03-10": days[:2], "?since=2026-03-02&until=2026-03-03": days[1:2], "?since=2026-03-03&until=2026-03-09": {},
	} {
		for _, name := range []string{"anna", anna} {
			var got ratings.DaysView
			r.request("GET", "/v1/players/"+name+"/ratings/blitz"+query, "", &got)
			if got.PlayerID != anna || got.Speed != schemas.Blitz || !slices.Equal(got.Days, want) {
				t.Errorf("%s: %+v, want %+v", query, got, want)
			}
		}
	}
}

func TestRatingsOfDaysAreTheLatestThousand(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newPlayer("Diligent", false)
	if _, err := r.pool.Exec(t.Context(), `INSERT INTO ratings SELECT $1, gen_random_uuid(), 'bullet', '2020-01-01 12:00Z'::timestamptz + n * interval '1 day', 1500, 60, 0.06, 0, n
		FROM generate_series(1, 1005) n`, id); err != nil {
		t.Fatal(err)
	}
	var got ratings.DaysView
	r.request("GET", "/v1/players/diligent/ratings/bullet", "", &got)
	if len(got.Days) != ratings.MaxDays || got.Days[0].Games != 6 || got.Days[ratings.MaxDays-1].Games != 1005 {
		t.Fatalf("%d days, from %+v", len(got.Days), got.Days[:1])
	}
	if r.request("GET", "/v1/players/diligent/ratings/bullet?until="+got.Days[0].Date, "", &got); len(got.Days) != 5 {
		t.Fatalf("%+v before that", got.Days)
	}
}

func TestBadRequestsForRatingsAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.newPlayer("anna", false)
	end := ratings.CursorOf(1800, schemas.NewID(), 50, schemas.Blitz)
	for path, want := range map[string]schemas.Code{
		"/v1/leaderboards/warp":                          schemas.CodeInvalidField,
		"/v1/leaderboards/blitz?limit=0":                 schemas.CodeInvalidField,
		"/v1/leaderboards/blitz?limit=201":               schemas.CodeInvalidField,
		"/v1/leaderboards/blitz?limit=5&limit=6":         schemas.CodeInvalidField,
		"/v1/leaderboards/blitz?%zz":                     schemas.CodeInvalidField,
		"/v1/leaderboards/blitz?speed=rapid":             schemas.CodeUnknownField,
		"/v1/leaderboards/blitz?cursor=":                 schemas.CodeInvalidCursor,
		"/v1/leaderboards/rapid?cursor=" + end:           schemas.CodeInvalidCursor,
		"/v1/leaderboards/blitz?cursor=x" + end:          schemas.CodeInvalidCursor,
		"/v1/players/anna/ratings/warp":                  schemas.CodeInvalidField,
		"/v1/players/anna/ratings/blitz?since=yesterday": schemas.CodeInvalidField,
		"/v1/players/anna/ratings/blitz?from=2026-01-01": schemas.CodeUnknownField,
		"/v1/players/nobody/ratings/blitz":               schemas.CodePlayerNotFound,
		"/v1/players/a%00b/ratings/blitz":                schemas.CodePlayerNotFound,
	} {
		r.wantRefused(want, path)
	}
	for range ratings.ReadsBurst {
		r.request("GET", "/v1/leaderboards/blitz", "", nil)
	}
	r.wantRefused(schemas.CodeRateLimited, "/v1/leaderboards/blitz")
	r.wantRefused(schemas.CodeRateLimited, "/v1/players/anna/ratings/blitz")
	token, _, err := r.signer.Service("tests", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if resp := r.request("GET", "/v1/leaderboards/blitz", token, nil); resp.StatusCode != http.StatusOK {
		t.Errorf("a service: %d", resp.StatusCode)
	}
}
