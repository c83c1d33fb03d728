package livegame_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"tabiya/schemas"
)

func TestBadInputIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	game := "/v1/games/" + id
	stranger := r.person("Stranger")
	expired, _, err := r.signer.Player(r.white.id, time.Now().Add(-2*time.Hour), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 70_000)
	good := moveBody("e2e4")
	for _, c := range []struct {
		name, method, path, token, body string
		status                          int
		code                            schemas.Code
		headers                         []string
	}{
		{"no token", "POST", game + "/moves", "", good, 401, schemas.CodeUnauthenticated, nil},
		{"a bad token", "POST", game + "/moves", "nonsense", good, 401, schemas.CodeUnauthenticated, nil},
		{"an expired token", "POST", game + "/moves", expired, good, 401, schemas.CodeTokenExpired, nil},
		{"a service's token", "POST", game + "/moves", r.caller, good, 403, schemas.CodeForbidden, nil},
		{"null to resign", "POST", game + "/resign", r.white.token, "null", 422, schemas.CodeInvalidField, nil},
		{"null to abort", "POST", game + "/abort", r.white.token, "null", 422, schemas.CodeInvalidField, nil},
		{"null to add time", "POST", game + "/time", r.white.token, "null", 422, schemas.CodeInvalidField, nil},
		{"null for a move", "POST", game + "/moves", r.white.token, "null", 422, schemas.CodeInvalidField, nil},
		{"a bad token to watch", "GET", game, "nonsense", "", 401, schemas.CodeUnauthenticated, nil},
		{"a stranger", "POST", game + "/moves", stranger.token, good, 403, schemas.CodeNotAPlayer, nil},
		{"a move by the opponent", "POST", game + "/moves", r.black.token, moveBody("e7e5"), 409, schemas.CodeNotYourTurn, nil},
		{"an unknown game", "POST", "/v1/games/" + schemas.NewID() + "/moves", r.white.token, good, 404, schemas.CodeGameNotFound, nil},
		{"a malformed game id", "POST", "/v1/games/42/moves", r.white.token, good, 404, schemas.CodeGameNotFound, nil},
		{"an upper-case id", "GET", "/v1/games/" + strings.ToUpper(id), "", "", 404, schemas.CodeGameNotFound, nil},
		{"an illegal move", "POST", game + "/moves", r.white.token, moveBody("e2e5"), 422, schemas.CodeIllegalMove, nil},
		{"a malformed move", "POST", game + "/moves", r.white.token, moveBody("Nf3"), 400, schemas.CodeMalformedMove, nil},
		{"an empty object", "POST", game + "/moves", r.white.token, "{}", 400, schemas.CodeMalformedMove, nil},
		{"a wrong ply", "POST", game + "/moves", r.white.token, `{"uci":"e2e4","ply":7}`, 409, schemas.CodeWrongPly, nil},
		{"a negative ply", "POST", game + "/moves", r.white.token, `{"uci":"e2e4","ply":-1}`, 422, schemas.CodeInvalidField, nil},
		{"an unknown field", "POST", game + "/moves", r.white.token, `{"uci":"e2e4","san":"e4"}`, 400, schemas.CodeUnknownField, nil},
		{"a wrong type", "POST", game + "/moves", r.white.token, `{"uci":4}`, 422, schemas.CodeInvalidField, nil},
		{"an incomplete object", "POST", game + "/moves", r.white.token, `{"uci":`, 400, schemas.CodeMalformedJSON, nil},
		{"two objects", "POST", game + "/moves", r.white.token, good + good, 400, schemas.CodeMalformedJSON, nil},
		{"another content type", "POST", game + "/moves", r.white.token, good, 415, schemas.CodeUnsupportedMediaType, []string{"Content-Type", "text/plain"}},
		{"a body that is too long", "POST", game + "/moves", r.white.token, moveBody(long), 413, schemas.CodeBodyTooLarge, nil},
		{"a bad key", "POST", game + "/moves", r.white.token, good, 400, schemas.CodeInvalidIdempotency, []string{"Idempotency-Key", "with a space"}},
		{"resigning with a body", "POST", game + "/resign", r.white.token, `{"why":"lost"}`, 400, schemas.CodeUnknownField, nil},
		{"an unknown draw action", "POST", game + "/draw", r.white.token, `{"action":"beg"}`, 422, schemas.CodeInvalidField, nil},
		{"a draw claim without a repetition", "POST", game + "/draw", r.white.token, `{"action":"claim"}`, 409, schemas.CodeNoDrawToClaim, nil},
		{"an unknown takeback action", "POST", game + "/takeback", r.white.token, `{"action":"claim"}`, 422, schemas.CodeInvalidField, nil},
		{"a takeback before the first move", "POST", game + "/takeback", r.white.token, `{"action":"offer"}`, 409, schemas.CodeNothingToTakeBack, nil},
		{"no takeback to accept", "POST", game + "/takeback", r.white.token, `{"action":"accept"}`, 409, schemas.CodeNoTakebackOffer, nil},
		{"no takeback to decline", "POST", game + "/takeback", r.white.token, `{"action":"decline"}`, 409, schemas.CodeNoTakebackOffer, nil},
		{"a takeback without an action", "POST", game + "/takeback", r.white.token, `{}`, 422, schemas.CodeInvalidField, nil},
		{"an amount of time to add", "POST", game + "/time", r.white.token, `{"cs":1500}`, 400, schemas.CodeUnknownField, nil},
		{"time before the clocks run", "POST", game + "/time", r.white.token, "", 409, schemas.CodeClockNotRunning, nil},
		{"a stranger adds time", "POST", game + "/time", stranger.token, "", 403, schemas.CodeNotAPlayer, nil},
		{"an unknown rematch action", "POST", game + "/rematch", r.white.token, `{"action":"now"}`, 422, schemas.CodeInvalidField, nil},
		{"a rematch of a running game", "POST", game + "/rematch", r.white.token, `{"action":"offer"}`, 409, schemas.CodeGameNotOver, nil},
		{"a claim without a result", "POST", game + "/claim", r.white.token, `{}`, 422, schemas.CodeInvalidField, nil},
		{"a claim of a loss", "POST", game + "/claim", r.white.token, `{"as":"loss"}`, 422, schemas.CodeInvalidField, nil},
		{"a claim before both have moved", "POST", game + "/claim", r.white.token, `{"as":"win"}`, 409, schemas.CodeTooEarlyToClaim, nil},
		{"a stranger's claim", "POST", game + "/claim", stranger.token, `{"as":"win"}`, 403, schemas.CodeNotAPlayer, nil},
		{"a claim as a service", "POST", game + "/claim", r.caller, `{"as":"win"}`, 403, schemas.CodeForbidden, nil},
		{"no offer to accept", "POST", game + "/draw", r.white.token, `{"action":"accept"}`, 409, schemas.CodeNoDrawOffer, nil},
		{"a cursor of letters", "GET", game + "/events?from_seq=two", "", "", 400, schemas.CodeInvalidCursor, nil},
		{"a cursor of 0", "GET", game + "/events?from_seq=0", "", "", 400, schemas.CodeInvalidCursor, nil},
		{"a negative cursor", "GET", game + "/events?from_seq=-1", "", "", 400, schemas.CodeInvalidCursor, nil},
		{"a huge cursor", "GET", game + "/events?from_seq=99999999999999999999", "", "", 400, schemas.CodeInvalidCursor, nil},
		{"a bad Last-Event-ID", "GET", game + "/events", "", "", 400, schemas.CodeInvalidCursor, []string{"Last-Event-ID", "+1"}},
		{"a media type that is not served", "GET", game + "/events", "", "", 406, schemas.CodeNotAcceptable, []string{"Accept", "image/png"}},
		{"no WebSocket", "GET", game + "/socket", "", "", 426, schemas.CodeUpgradeRequired, nil},
		{"an old WebSocket", "GET", game + "/socket", "", "", 426, schemas.CodeUpgradeRequired, []string{"Connection", "upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.refused(c.status, c.code, c.method, c.path, c.token, c.body, c.headers...)
		})
	}
	if log := r.log(id); len(log) != 2 {
		t.Errorf("a refused request wrote an event: %s", strings.Join(log, "\n"))
	}
}

func TestInvalidGamesAreNotCreated(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := func(white, black, rest string) string {
		return `{"white":"` + white + `","black":"` + black + `",` + rest + `}`
	}
	clock := `"timeControl":` + slowClock
	closed := r.person("Closed")
	r.players.close(closed.id)
	for _, c := range []struct {
		name, token, body string
		status            int
		code              schemas.Code
	}{
		{"no token", "", r.gameBody(slowClock), 401, schemas.CodeUnauthenticated},
		{"a player's token", r.white.token, r.gameBody(slowClock), 403, schemas.CodeForbidden},
		{"no players", r.caller, body("", "", clock), 422, schemas.CodeInvalidField},
		{"a player against themselves", r.caller, body(r.white.id, r.white.id, clock), 422, schemas.CodeSamePlayer},
		{"an unknown handle", r.caller, body(r.white.id, "nobody", clock), 404, schemas.CodePlayerNotFound},
		{"a player against themselves, by handle", r.caller, body(r.white.id, "WHITE", clock), 422, schemas.CodeSamePlayer},
		{"an unknown player", r.caller, body(r.white.id, schemas.NewID(), clock), 404, schemas.CodePlayerNotFound},
		{"a closed account", r.caller, body(closed.id, r.white.id, clock), 409, schemas.CodePlayerClosed},
		{"no time control", r.caller, body(r.white.id, r.black.id, `"rated":true`), 422, schemas.CodeInvalidField},
		{"a time control of zero", r.caller, r.gameBody(`{"initialCs":0,"incrementCs":0}`), 422, schemas.CodeInvalidTimeControl},
		{"a time control of days", r.caller, r.gameBody(`{"initialCs":100000000,"incrementCs":0}`), 422, schemas.CodeInvalidTimeControl},
		{"half a centisecond", r.caller, r.gameBody(`{"initialCs":0.5,"incrementCs":0}`), 422, schemas.CodeInvalidField},
		{"rated, from a position", r.caller, body(r.white.id, r.black.id, clock+`,"rated":true,"fen":"4k3/8/8/8/8/8/8/R3K3 w - - 0 1"`), 422, schemas.CodeInvalidField},
		{"an endless FEN", r.caller, body(r.white.id, r.black.id, clock+`,"fen":"`+strings.Repeat("8/", 20_000)+`"`), 422, schemas.CodeInvalidFEN},
		{"an unknown region", r.caller, body(r.white.id, r.black.id, clock+`,"region":"moon"`), 422, schemas.CodeUnknownRegion},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.refused(c.status, c.code, "POST", "/v1/games", c.token, c.body)
		})
	}
}

// A creation request whose key is too old is refused: the game may be over and
// evicted, and would be created again.
func TestExpiredCreationKeyIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dated := func(at time.Time) string {
		id := uuid.Must(uuid.NewV7())
		binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMilli())<<16|0x7000)
		return id.String()
	}
	for _, c := range []struct {
		name, key string
		status    int
		code      schemas.Code
	}{
		{"not a UUID", "game-1", 400, schemas.CodeInvalidIdempotency},
		{"a UUID without a time", uuid.NewString(), 400, schemas.CodeInvalidIdempotency},
		{"in upper case", strings.ToUpper(schemas.NewID()), 400, schemas.CodeInvalidIdempotency},
		{"from the future", dated(time.Now().Add(time.Hour)), 400, schemas.CodeInvalidIdempotency},
		{"too old", dated(time.Now().Add(-schemas.CreateWithin - time.Second)), 422, schemas.CodeKeyExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.refused(c.status, c.code, "POST", "/v1/games", r.caller, r.gameBody(slowClock), "Idempotency-Key", c.key)
		})
	}
	if a := r.do("POST", "/v1/games", r.caller, r.gameBody(slowClock), "Idempotency-Key", dated(time.Now().Add(-schemas.CreateWithin/2))); a.status != 201 {
		t.Errorf("half a minute old: %d %s", a.status, a.body)
	}
}

func TestCreationWaitsForANewlyRegisteredPlayer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	late := schemas.NewID()
	waiting := make(chan struct{})
	go func() {
		<-waiting
		r.players.add(late, "Late")
	}()
	r.players.onWait(func() { close(waiting) })
	got := r.ok("POST", "/v1/games", r.caller, `{"white":"`+late+`","black":"`+r.black.id+`","timeControl":`+slowClock+`}`)
	if got.Status != "playing" {
		t.Errorf("%+v", got)
	}
}
