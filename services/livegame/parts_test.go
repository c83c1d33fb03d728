package livegame

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/schemas"
)

func TestAFullOutboxEndsAndForgets(t *testing.T) {
	t.Parallel()
	full := 0
	many := newOutbox(func() { full++ })
	for range outboxItems + 1 {
		many.send(textItem([]byte("{}")))
	}
	long := newOutbox(func() { full++ })
	for range 3 {
		long.send(textItem(make([]byte, outboxBytes/2)))
	}
	for _, box := range []*outbox{many, long} {
		<-box.ready
		if items, end := box.take(nil); len(items) != 0 || end != tooSlow {
			t.Errorf("%d items, %s", len(items), end)
		}
		box.close(gameOver)
		if _, end := box.take(nil); end != tooSlow {
			t.Errorf("it ends twice: %s", end)
		}
	}
	if full != 2 {
		t.Errorf("%d were full", full)
	}
}

func TestWhatAnEventMeansToItsCommand(t *testing.T) {
	t.Parallel()
	over := func(kind schemas.EventType, why schemas.Termination) schemas.Event {
		return schemas.Event{Type: kind, Seq: 9, Payload: &schemas.GameOver{Termination: why}}
	}
	last := schemas.Event{Type: schemas.MoveMade, Payload: &schemas.MoveMadePayload{}}
	moved := schemas.Event{Type: schemas.MoveMade, Payload: &schemas.MoveMadePayload{DeadlineAt: 1}}
	for _, c := range []struct {
		kind    schemas.CommandType
		event   schemas.Event
		code    schemas.Code
		settled bool
	}{
		{schemas.PlayMove, moved, "", true},
		{schemas.PlayMove, last, "", false},
		{schemas.PlayMove, over(schemas.GameEnded, schemas.Checkmate), "", true},
		{schemas.PlayMove, over(schemas.GameTimeout, schemas.TimeForfeit), schemas.CodeGameOver, true},
		{schemas.PlayMove, over(schemas.GameAborted, schemas.FirstMoveExpired), schemas.CodeGameOver, true},
		{schemas.Resign, over(schemas.GameResigned, schemas.Resignation), "", true},
		{schemas.Resign, over(schemas.GameTimeout, schemas.TimeForfeit), schemas.CodeGameOver, true},
		{schemas.OfferDraw, schemas.Event{Type: schemas.DrawOffered, Payload: &schemas.DrawOfferedPayload{}}, "", true},
		{schemas.OfferDraw, over(schemas.GameEnded, schemas.Agreement), "", true},
		{schemas.AcceptDraw, over(schemas.GameEnded, schemas.Agreement), "", true},
		{schemas.AcceptDraw, over(schemas.GameTimeout, schemas.Agreement), schemas.CodeGameOver, true},
		{schemas.AbortGame, over(schemas.GameAborted, schemas.AbortedByPlayer), "", true},
		{schemas.ClaimDraw, over(schemas.GameEnded, schemas.ThreefoldRepetition), "", true},
		{schemas.ClaimDraw, over(schemas.GameTimeout, schemas.TimeForfeit), schemas.CodeGameOver, true},
		{schemas.ClaimVanished, over(schemas.GameEnded, schemas.Abandoned), "", true},
		{schemas.ClaimVanished, over(schemas.GameTimeout, schemas.TimeForfeit), schemas.CodeGameOver, true},
		{schemas.OfferTakeback, schemas.Event{Type: schemas.TakebackAccepted, Payload: &schemas.TakebackAcceptedPayload{}}, "", true},
		{schemas.AcceptTakeback, over(schemas.GameTimeout, schemas.TimeForfeit), schemas.CodeGameOver, true},
		{schemas.AddTime, schemas.Event{Type: schemas.TimeAdded, Payload: &schemas.TimeAddedPayload{}}, "", true},
		{schemas.AcceptRematch, schemas.Event{Type: schemas.RematchAccepted, Payload: &schemas.RematchAcceptedPayload{}}, "", true},
		{schemas.CreateGame, schemas.Event{Type: schemas.GameCreated, Payload: &schemas.GameCreatedPayload{}}, "", false},
		{schemas.CreateGame, schemas.Event{Type: schemas.GameStarted, Payload: &schemas.GameStartedPayload{}}, "", true},
	} {
		if o, settled := judge(c.kind, c.event, standing{}); o.code != c.code || settled != c.settled {
			t.Errorf("%s after %s: %q, settled %t", c.event.Type, c.kind, o.code, settled)
		}
	}
}

func TestTheSameCommandInFlightIsSentOnce(t *testing.T) {
	t.Parallel()
	a := newAnswers(2, prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x"}))
	key := commandKey{"game", "command"}
	q := question{schemas.PlayMove, "e2e4 0"}
	var got []outcome
	hear := func(o outcome) { got = append(got, o) }
	now := time.Now()
	if first, known, _ := a.expect(key, q, now, hear); !first || known {
		t.Fatal("the first is sent")
	}
	if first, known, _ := a.expect(key, q, now, hear); first || known {
		t.Fatal("the second waits with it")
	}
	if _, known, o := a.expect(key, question{schemas.PlayMove, "d2d4 0"}, now, hear); !known || o.code != schemas.CodeKeyReused {
		t.Fatalf("another move under the same id: %+v", o)
	}
	a.expect(commandKey{"other game", "command"}, q, now, hear)
	if _, known, o := a.expect(commandKey{"third game", "command"}, q, now, hear); !known || o.code != schemas.CodeUnavailable {
		t.Fatalf("more than the limit: %+v", o)
	}
	ev := schemas.Event{Type: schemas.MoveMade, Key: "game", CommandID: "command", Seq: 3, Payload: &schemas.MoveMadePayload{Ply: 1, DeadlineAt: 1}}
	a.event(folded{event: ev, raw: []byte("raw")})
	a.event(folded{event: ev, raw: []byte("raw")})
	if len(got) != 2 || got[0].seq != 3 || string(got[1].event) != "raw" {
		t.Fatalf("%+v", got)
	}
	if unacked := a.expire(now.Add(-time.Second)); !unacked.Equal(now) || a.waiting() != 1 {
		t.Errorf("unacked since %v, %d wait", unacked, a.waiting())
	}
	a.expire(now.Add(time.Second))
	if len(got) != 3 || got[2].code != schemas.CodeOutcomeUnknown || a.waiting() != 0 {
		t.Errorf("%+v, %d wait", got, a.waiting())
	}
}

func TestARefusalIsForgottenWhenTheCommandWasAcceptedAfterAll(t *testing.T) {
	t.Parallel()
	a := newAnswers(2, prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x"}))
	a.reject(schemas.Reply{Key: "game", CommandID: "c", CommandType: schemas.PlayMove, Code: schemas.CodeNotYourTurn})
	q := question{schemas.PlayMove, ""}
	if _, known, o := a.expect(commandKey{"game", "c"}, q, time.Now(), nil); !known || o.code != schemas.CodeNotYourTurn {
		t.Fatalf("%+v", o)
	}
	if _, known, o := a.expect(commandKey{"game", "c"}, question{schemas.Resign, ""}, time.Now(), nil); !known || o.code != schemas.CodeKeyReused {
		t.Fatalf("%+v", o)
	}
	a.event(folded{event: schemas.Event{Type: schemas.MoveMade, Key: "game", CommandID: "c"}})
	if first, _, _ := a.expect(commandKey{"game", "c"}, q, time.Now(), nil); !first {
		t.Error("it is still refused")
	}
}

func TestFinishedGamesGoInTimeAndWithinTheBound(t *testing.T) {
	t.Parallel()
	f := &finished{}
	now := time.Now()
	for n, id := range []string{"c", "a", "d", "b"} {
		f.add(id, now.Add(time.Duration([]int{3, 1, 4, 2}[n])*time.Second))
	}
	if got := ids(f.due(now, 4)); got != "" {
		t.Errorf("too early: %s", got)
	}
	if got := ids(f.due(now.Add(time.Second), 4)); got != "a" {
		t.Errorf("in time: %s", got)
	}
	if got := ids(f.due(now, 1)); got != "bc" {
		t.Errorf("too many: %s", got)
	}
}

func ids(gone []departure) (all string) {
	for _, d := range gone {
		all += d.gameID
	}
	return all
}

func TestAPaceIsABucketOfTwoSeconds(t *testing.T) {
	t.Parallel()
	p, now := newPace(10), time.Now()
	passed := func(n int) (passed int) {
		for range n {
			if p.allows(now) {
				passed++
			}
		}
		return passed
	}
	if n := passed(100); n != 20 {
		t.Errorf("%d at once", n)
	}
	now = now.Add(500 * time.Millisecond)
	if n := passed(100); n != 5 {
		t.Errorf("%d after half a second", n)
	}
	now = now.Add(time.Hour)
	if n := passed(100); n != 20 {
		t.Errorf("%d after an hour", n)
	}
}

// What is remembered of a request is not the request: its query may be long.
func TestAPaceKeepsNoRequest(t *testing.T) {
	t.Parallel()
	p := newPaces(10)
	request := "/v1/games/game/moves?" + strings.Repeat("a", 1000)
	at := seat{"player", request[len("/v1/games/"):][:len("game")]}
	if !p.allows(at, time.Now()) || !p.by.Contains(at) {
		t.Fatal(p.by.Keys())
	}
	if kept := p.by.Keys()[0].gameID; unsafe.StringData(kept) == unsafe.StringData(at.gameID) {
		t.Error("the request is kept with its game's id")
	}
}

func FuzzFrames(f *testing.F) {
	for _, seed := range []string{`{"type":"move","uci":"e2e4","ply":1,"clientMoveId":"a"}`, `{"type":"draw","action":"offer"}`, `{"type":"claim","as":"win"}`, `{"type":"time"}`, `{"type":"leave"}`, `{"type":"ping"}`, `{}`, `[`, "\x00", `{"type":"move","uci":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		frame, code, detail := parseFrame(text)
		if code != "" {
			if detail == "" || !json.Valid(errorFrame(code, detail).text()) {
				t.Fatalf("%s %q", code, detail)
			}
			return
		}
		if frame.Type == framePing || frame.Type == frameLeave {
			return
		}
		in, code, detail := frame.intent()
		if (code == "") != (in.kind != "") {
			t.Fatalf("%+v, %s %s", in, code, detail)
		}
		if code == "" {
			schemas.Command{ID: schemas.NewID(), Type: in.kind, Key: "g", Payload: in.payload}.Record() // panics on what cannot be sent
		}
		if ack := ackFrame(frame.ClientMoveID, 1).text(); !json.Valid(ack) {
			t.Fatalf("%s", ack)
		}
	})
}

func FuzzCursors(f *testing.F) {
	f.Add("1", "", true)
	f.Add("", "7", false)
	f.Add("99999999999999999999", "+1", true)
	f.Fuzz(func(t *testing.T, from, last string, both bool) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		q := r.URL.Query()
		q.Set("from_seq", from)
		r.URL.RawQuery = q.Encode()
		if both {
			r.Header["Last-Event-Id"] = []string{last}
		}
		seq, err := parseCursor(r, 5)
		if err == nil && (seq < 1 || seq > maxSeq) {
			t.Fatalf("from_seq=%q Last-Event-ID=%q: %d", from, last, seq)
		}
		// Last-Event-ID decides alone, good or bad: a browser that comes back
		// sends it beside the from_seq that it began with.
		asked, given := from, int64(0)
		if both {
			asked, given = last, 1
		}
		number, wrong := strconv.ParseInt(asked, 10, 64)
		switch {
		case err == nil && (wrong != nil || seq != number+given):
			t.Fatalf("from_seq=%q Last-Event-ID=%q, %t: %d", from, last, both, seq)
		case err != nil && wrong == nil && number >= 1 && number < maxSeq && asked[0] != '+':
			t.Fatalf("from_seq=%q Last-Event-ID=%q, %t: %v", from, last, both, err)
		}
	})
}

// The frames written past the library are read by it.
func TestFramesOfEveryLength(t *testing.T) {
	t.Parallel()
	var sent []item
	var frames []byte
	for _, n := range []int{0, 1, 125, 126, 127, 1<<16 - 1, 1 << 16, 1<<16 + 1} {
		sent = append(sent, textItem([]byte(strings.Repeat("x", n))))
		frames = append(frames, sent[len(sent)-1].frame...)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		over := &wiring{ResponseWriter: rw}
		conn, err := websocket.Accept(over, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		if err := over.wire.send(frames); err != nil {
			t.Error(err)
		}
		_ = conn.Close(websocket.StatusNormalClosure, "")
		if err := over.wire.send(frames); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after the close frame: %v", err)
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(-1)
	for _, i := range sent {
		if kind, text, err := conn.Read(ctx); err != nil || kind != websocket.MessageText || string(text) != string(i.text()) {
			t.Fatalf("%d bytes: %v, %v, %d bytes", len(i.frame), err, kind, len(text))
		}
	}
	if _, _, err := conn.Read(ctx); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Error(err)
	}
}

func TestAnIDIsAnsweredOnceOnAConnection(t *testing.T) {
	t.Parallel()
	var a asked
	move := func(uci string) question { return question{schemas.PlayMove, uci} }
	for i := range 100 {
		id := strconv.Itoa(i)
		if got := a.begin(id, move("e2e4")); got != askedNever {
			t.Fatalf("%s: %v", id, got)
		}
		if got := a.begin(id, move("e2e4")); got != askedBefore {
			t.Fatalf("%s in flight: %v", id, got)
		}
		a.end(id, true)
	}
	for i := range 100 {
		id := strconv.Itoa(i)
		if same, other := a.begin(id, move("e2e4")), a.begin(id, move("d2d4")); same != askedBefore || other != askedOther || !a.knows(id) {
			t.Fatalf("%s again: %v, for something else: %v", id, same, other)
		}
	}
	if a.begin("refused", move("e2e5")); a.flying != 1 {
		t.Fatalf("%d are in flight", a.flying)
	}
	a.end("refused", false)
	if a.knows("refused") || a.knows("") || a.begin("refused", move("e2e4")) != askedNever {
		t.Fatal("what was refused may come again, for something else as well")
	}
}

func TestABadFrameKeepsItsID(t *testing.T) {
	t.Parallel()
	for text, id := range map[string]string{
		`{"type":"move","uci":"d2d4","lag":-1,"clientMoveId":"7"}`:     "7",
		`{"type":"move","uci":"d2d4","clientMoveId":"7","colour":"w"}`: "7",
		`{"colour":"w","clientMoveId":"7"}`:                            "7",
		`{"type":"fly","clientMoveId":"7"}`:                            "7",
		`{"type":"move","clientMoveId":"a b"}`:                         "",
		`{"type":"move","clientMoveId":7}`:                             "",
		`{"type":"move","clientMoveId":"7"`:                            "",
	} {
		if f, code, _ := parseFrame([]byte(text)); code == "" || f != (clientFrame{ClientMoveID: id}) {
			t.Errorf("%s: %+v, %s", text, f, code)
		}
	}
}

func TestTheFirstReasonOfARefusalStands(t *testing.T) {
	t.Parallel()
	a := newAnswers(10, prometheus.NewHistogram(prometheus.HistogramOpts{}))
	reply := schemas.Reply{Type: schemas.CommandRejected, CommandID: "c", CommandType: schemas.PlayMove, Key: "g", Code: schemas.CodeIllegalMove, Detail: "no"}
	a.reject(reply)
	reply.Code, reply.Detail = schemas.CodeNotAccepted, "the command was refused"
	a.reject(reply) // a replay after a crash
	_, known, o := a.expect(commandKey{"g", "c"}, question{schemas.PlayMove, "e2e5 0"}, time.Now(), nil)
	if !known || o.code != schemas.CodeIllegalMove || o.detail != "no" {
		t.Fatalf("%v %+v", known, o)
	}
}
