package newgame

import (
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"tabiya/internal/core/player"
	"tabiya/schemas"
)

// request returns the context of a request with a key and the recorder of its answer.
func request(t *testing.T, key string) (*gin.Context, *httptest.ResponseRecorder) {
	t.Helper()
	rec := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(rec)
	c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/games", nil)
	if key != "" {
		c.Request.Header.Set("Idempotency-Key", key)
	}
	return c, rec
}

// idOf returns an id that was made at a time.
func idOf(at time.Time) string {
	id := uuid.MustParse(schemas.NewID())
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(id[:6], ms[2:])
	return id.String()
}

func TestRequestForGameExpiresAMinuteAfterItsKeyWasMade(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, tt := range []struct {
		name, key string
		code      schemas.Code // empty: accepted
		made      time.Time
	}{
		{"no key", "", "", now},
		{"new key", schemas.NewID(), "", now},
		{"key of half a minute ago", idOf(now.Add(-30 * time.Second)), "", now.Add(-30 * time.Second)},
		{"key of 20 s from now", idOf(now.Add(20 * time.Second)), "", now.Add(20 * time.Second)},
		{"key of two minutes ago", idOf(now.Add(-2 * time.Minute)), schemas.CodeKeyExpired, now},
		{"key of two minutes from now", idOf(now.Add(2 * time.Minute)), schemas.CodeInvalidIdempotency, now},
		{"key without a time", "retry-1", schemas.CodeInvalidIdempotency, now},
	} {
		c, rec := request(t, tt.key)
		deadline, ok := creationDeadline(c)
		c.Writer.WriteHeaderNow()
		switch want := schemas.TimeOf(tt.made.Add(schemas.CreateWithin)); {
		case ok != (tt.code == ""):
			t.Errorf("%s: accepted is %t: %s", tt.name, ok, rec.Body)
		case !ok && !strings.Contains(rec.Body.String(), string(tt.code)):
			t.Errorf("%s: %s, want %s", tt.name, rec.Body, tt.code)
		case ok && (deadline < want || deadline > want+60_000):
			t.Errorf("%s: until %v, want %v", tt.name, deadline, want)
		}
	}
}

// nobody is a view without players.
type nobody struct{ Players }

func (nobody) Find(string) (*player.State, bool) { return nil, false }

func TestRequestForGameIsCheckedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	white, black := schemas.NewID(), schemas.NewID()
	blitz := &schemas.TimeControl{InitialCs: 18_000}
	h := &Handler{Players: nobody{}, Regions: []string{"eu", "us"}}
	for _, tt := range []struct {
		name   string
		wanted body
		code   schemas.Code // empty: accepted
	}{
		{"good", body{White: white, Black: black, TimeControl: blitz}, ""},
		{"region", body{White: white, Black: black, TimeControl: blitz, Region: "us"}, ""},
		{"no black", body{White: white, TimeControl: blitz}, schemas.CodeInvalidField},
		{"unknown handle", body{White: white, Black: "magnus", TimeControl: blitz}, schemas.CodePlayerNotFound},
		{"same player", body{White: white, Black: white, TimeControl: blitz}, schemas.CodeSamePlayer},
		{"no clock", body{White: white, Black: black}, schemas.CodeInvalidField},
		{"clock without time", body{White: white, Black: black, TimeControl: &schemas.TimeControl{}}, schemas.CodeInvalidTimeControl},
		{"long position", body{White: white, Black: black, TimeControl: blitz, FEN: strings.Repeat("8", maxFEN+1)}, schemas.CodeInvalidFEN},
		{"rated position", body{White: white, Black: black, TimeControl: blitz, Rated: true, FEN: "8/8"}, schemas.CodeInvalidField},
		{"unknown region", body{White: white, Black: black, TimeControl: blitz, Region: "mars"}, schemas.CodeUnknownRegion},
	} {
		c, rec := request(t, "")
		wanted := tt.wanted
		ok := h.check(c, &wanted)
		switch {
		case ok != (tt.code == ""):
			t.Errorf("%s: accepted is %t: %s", tt.name, ok, rec.Body)
		case !ok && !strings.Contains(rec.Body.String(), `"`+string(tt.code)+`"`):
			t.Errorf("%s: %s, want %s", tt.name, rec.Body, tt.code)
		case ok && tt.wanted.Region == "" && wanted.Region != "eu":
			t.Errorf("%s: the default region is %q", tt.name, wanted.Region)
		}
	}
}
