package livegame_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tabiya/internal/core/game"
	"tabiya/internal/eventually"
	"tabiya/schemas"
	"tabiya/services/livegame"
)

func answerWithin(d time.Duration) func(*livegame.Config) {
	return func(c *livegame.Config) { c.AnswerTimeout = d }
}

func TestRestartDuringAGameLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	for n, uci := range scholar {
		r.play(id, n, uci)
		if n%2 == 0 {
			continue
		}
		old := r.instance
		go old.stop()
		r.instance = r.startOther()
		if got := r.ok("GET", "/v1/games/"+id, "", ""); got.Ply != n+1 || !slices.Equal(got.Moves, scholar[:n+1]) {
			t.Fatalf("after a restart at ply %d: %+v", n+1, got)
		}
	}
	log := r.log(id)
	last := r.startOther()
	if got := lines(t, last.openStream("/v1/games/"+id+"/events", "*/*").Body); !slices.Equal(got, log) {
		t.Errorf("a new instance tells\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(log, "\n"))
	}
}

func TestRequestsAreRefusedBeforeCatchingUp(t *testing.T) {
	t.Parallel()
	r := bareRig(t)
	r.RequireFake(t)
	r.Down()
	r.instance = r.start(func(c *livegame.Config) { c.Kafka.SendTimeout = time.Second })
	for _, c := range [][3]string{{"GET", "/v1/games/" + schemas.NewID(), ""}, {"POST", "/v1/games/" + schemas.NewID() + "/resign", r.white.token}} {
		if a := r.refused(503, schemas.CodeUnavailable, c[0], c[1], c[2], ""); a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if r.service.Ready() == nil {
		t.Error("ready")
	}
	r.Up()
	r.waitReady()
}

func TestKafkaOutageLosesNoMove(t *testing.T) {
	t.Parallel()
	r := newRig(t, answerWithin(time.Second))
	r.RequireFake(t)
	id := r.newGame()
	c := r.dialAs(id, r.white)
	c.until("state")
	r.Down()
	moves := "/v1/games/" + id + "/moves"
	first := r.do("POST", moves, r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1")
	if code := first.read(t).Code; first.status != 503 || first.header.Get("Retry-After") == "" || (code != schemas.CodeOutcomeUnknown && code != schemas.CodeUnavailable) {
		t.Fatalf("%d %s", first.status, first.body)
	}
	eventually.True(t, "commands are refused at once", func() bool {
		began := time.Now()
		a := r.do("POST", moves, r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1")
		return a.status == 503 && a.read(t).Code == schemas.CodeUnavailable && time.Since(began) < 200*time.Millisecond
	})
	if got := r.ok("GET", "/v1/games/"+id, "", ""); got.Ply != 0 { // what was read can still be shown
		t.Errorf("%+v", got)
	}
	r.refused(503, schemas.CodeUnavailable, "GET", "/v1/games/"+schemas.NewID(), "", "") // it may have begun meanwhile
	eventually.True(t, "not ready", func() bool { return r.service.Ready() != nil })
	up := schemas.TimeOf(time.Now())
	r.Up()
	var again answer
	eventually.True(t, "the same key gets its answer", func() bool {
		again = r.do("POST", moves, r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1")
		return again.status == 200
	})
	if r.service.AvailableSince() < up { // absences count from now
		t.Error("it was open while Kafka was away")
	}
	if events := c.events(1); events[0] != string(again.read(t).Event) {
		t.Errorf("the socket saw %s", events)
	}
	if log := r.log(id); len(log) != 3 {
		t.Errorf("%d events:\n%s", len(log), strings.Join(log, "\n"))
	}
}

func TestOutcomeIsUnknownWithoutAProcessor(t *testing.T) {
	t.Parallel()
	r, stop := newRigToStop(t, answerWithin(300*time.Millisecond))
	id := r.newGame()
	stop()
	a := r.refused(503, schemas.CodeOutcomeUnknown, "POST", "/v1/games/"+id+"/moves", r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	r.startProcessor()
	eventually.True(t, "the same key gets the answer", func() bool {
		return r.do("POST", "/v1/games/"+id+"/moves", r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1").status == 200
	})
	if log := r.log(id); len(log) != 3 {
		t.Errorf("%d events", len(log))
	}
}

func TestCommandsInFlightAreBounded(t *testing.T) {
	t.Parallel()
	r, stop := newRigToStop(t, answerWithin(limit), func(c *livegame.Config) { c.MaxInFlight = 1 })
	id := r.newGame()
	stop()
	c := r.dialAs(id, r.white)
	c.until("state")
	c.send(`{"type":"move","uci":"e2e4","clientMoveId":"waits"}`)
	c.send(`{"type":"move","uci":"d2d4","clientMoveId":"too-many"}`)
	if f, _ := c.until("refused"); f.Code != schemas.CodeUnavailable || f.ClientMoveID != "too-many" {
		t.Errorf("%+v", f)
	}
	r.startProcessor()
	if f, _ := c.until("ack"); f.ClientMoveID != "waits" {
		t.Errorf("%+v", f)
	}
}

func TestMoveAfterTheFlagIsRefusedAsTooLate(t *testing.T) {
	t.Parallel()
	r := bareRig(t) // the test is the processor
	r.instance = r.startOther()
	s := r.story("e2e4", "e7e5")
	r.write(s, 1, 2, 3, 4)
	c := r.dialAs(s.id, r.white)
	c.until("state")
	c.send(`{"type":"move","uci":"g1f3","clientMoveId":"late"}`)
	c.send(`{"type":"ping"}`)
	c.until("pong") // the move was sent
	late := schemas.Command{
		ID: schemas.GameCommandID(s.id, schemas.CommandID(r.white.id, "late")), Type: schemas.PlayMove, Key: s.id, Region: "eu", Actor: r.white.id,
		Payload: &schemas.PlayMovePayload{UCI: "g1f3"},
	}
	_, events, refusal := game.Decide(s.states[4], late, schemas.TimeOf(time.Now().Add(time.Hour)))
	if refusal != nil || events[0].Type != schemas.GameTimeout {
		t.Fatalf("%v %v", events, refusal)
	}
	if err := r.producer.Send(t.Context(), events[0]); err != nil {
		t.Fatal(err)
	}
	f, before := c.until("refused")
	if f.Code != schemas.CodeGameOver || !strings.Contains(f.Detail, "flag fell") || len(before) == 0 || before[len(before)-1] != string(events[0].Record().Value) {
		t.Errorf("%+v after %v", f, before)
	}
}

// slowReader is a player's socket with a small window that nobody reads.
type slowReader struct {
	*websocket.Conn
	tcp *net.TCPConn
}

func (r *rig) dialSlow(gameID string, who person) slowReader {
	r.t.Helper()
	var tcp *net.TCPConn
	small := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error { // before the window is negotiated
			var failed error
			err := raw.Control(func(fd uintptr) {
				failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
			})
			return errors.Join(err, failed)
		}}
		conn, err := d.DialContext(ctx, network, address)
		tcp, _ = conn.(*net.TCPConn)
		return conn, err
	}}}
	url := strings.Replace(r.server.URL, "http", "ws", 1) + "/v1/games/" + gameID + "/socket?access_token=" + who.token
	conn, _, err := websocket.Dial(r.t.Context(), url, &websocket.DialOptions{HTTPClient: small})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.CloseNow() })
	return slowReader{conn, tcp}
}

// readToClose reads until the server closes, and returns the error that ends the
// reading. It opens the window first, because the server waits only 5 s for the answer
// to its close frame.
func (s slowReader) readToClose(t *testing.T) error {
	t.Helper()
	if err := s.tcp.SetReadBuffer(1 << 20); err != nil {
		t.Fatal(err)
	}
	for {
		if _, _, err := s.Read(t.Context()); err != nil {
			return err
		}
	}
}

func TestSlowReadersAreCutOffAndSlowNobodyElse(t *testing.T) {
	t.Parallel()
	// A write to a slow reader blocks until the test reads. A move that waited for it
	// would not reach the watcher at all.
	r := newRig(t, messageRate(1_000_000), livegame.WriteTimeout(time.Hour))
	id := r.newGame()
	r.play(id, 0, "e2e4", "e7e5") // the first move has a time limit of its own
	watcher := r.dial(id, "")
	watcher.until("state")
	// More readers than writers.
	slow := make([]slowReader, 2*runtime.GOMAXPROCS(0))
	ask := fmt.Appendf(nil, `{"type":"move","uci":"none","clientMoveId":%q}`, strings.Repeat("x", 128))
	for n := range slow {
		slow[n] = r.dialSlow(id, r.white)
		for r.service.TooSlow() <= float64(n) { // each frame is answered with a longer one that nobody reads
			for range 500 {
				if err := slow[n].Write(t.Context(), websocket.MessageText, ask); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	r.play(id, 2, "g1f3")
	watcher.events(1)
	for _, conn := range slow {
		// Some close frames fit into the socket's buffers while nobody reads. On a slow
		// machine the 5 s for the answer are over when the test reads, and the server
		// has reset the connection.
		err := conn.readToClose(t)
		if code := websocket.CloseStatus(err); code != 4008 && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("closed with %v: %v", code, err)
		}
	}
}
