package livegame_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

func TestBadFramesAreAnsweredAndThenCloseTheSocket(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	for text, code := range map[string]schemas.Code{
		``:                                   schemas.CodeMalformedJSON,
		`{`:                                  schemas.CodeMalformedJSON,
		`{"type":"ping"}{}`:                  schemas.CodeMalformedJSON,
		`{"type":"ping","more":1}`:           schemas.CodeUnknownField,
		`{"type":7}`:                         schemas.CodeInvalidField,
		`{"type":"castle"}`:                  schemas.CodeInvalidField,
		`{"type":"resign","uci":"e2e4"}`:     schemas.CodeInvalidField,
		`{"type":"move","action":"offer"}`:   schemas.CodeInvalidField,
		`{"type":"ping","clientMoveId":" "}`: schemas.CodeInvalidIdempotency,
	} {
		c := r.dialAs(id, r.white)
		c.until("state")
		c.send(text)
		if f, _ := c.until("error"); f.Code != code {
			t.Errorf("%s: %+v, want %s", text, f, code)
		}
		c.send(`{"type":"ping"}`) // the socket is still open
		c.until("pong")
	}
	long := r.dialAs(id, r.white)
	long.send(`{"type":"move","uci":"` + strings.Repeat("e", 5000) + `"}`)
	if code := long.closed(); code != websocket.StatusMessageTooBig {
		t.Errorf("a long frame: %v", code)
	}
	abuse := r.dialAs(id, r.white)
	for range 20 {
		if abuse.conn.Write(abuse.ctx, websocket.MessageBinary, []byte{1}) != nil {
			break
		}
	}
	if code := abuse.closed(); code != websocket.StatusPolicyViolation {
		t.Errorf("after too many bad frames: %v", code)
	}
}

func TestFloodOfRequestsIsRefusedBeforeTheLog(t *testing.T) {
	t.Parallel()
	r := newRig(t, messageRate(1))
	id := r.newGame()
	decline := func(who person) answer {
		return r.do("POST", "/v1/games/"+id+"/draw", who.token, `{"action":"decline"}`)
	}
	limited := 0
	for n := range 8 {
		a := decline(r.white)
		switch {
		case a.status == 429 && a.header.Get("Retry-After") != "":
			limited++
		case a.status != 409 || n == 0 && a.status == 429:
			t.Fatalf("request %d: %d %s", n, a.status, a.body)
		}
	}
	if limited == 0 {
		t.Error("the requests are not limited")
	}
	if a := decline(r.black); a.status != 409 {
		t.Errorf("the opponent is limited too: %d %s", a.status, a.body)
	}
	sent := 0
	err := kafka.ReadAll(t.Context(), r.Config, schemas.GameCommands, func(rec *kgo.Record) error {
		if cmd, err := schemas.DecodeCommand(rec.Value); err == nil && cmd.Type == schemas.DeclineDraw {
			sent++
		}
		return nil
	})
	if err != nil || sent != 8-limited+1 {
		t.Errorf("%d commands of 9 requests, %d of which were too many: %v", sent, limited, err)
	}
}

func TestFloodOfFramesIsRefusedAndClosesTheSocket(t *testing.T) {
	t.Parallel()
	r := newRig(t, messageRate(2))
	id := r.newGame()
	c := r.dialAs(id, r.white)
	c.until("state")
	for range 4 { // two seconds' worth
		c.send(`{"type":"ping"}`)
		c.until("pong")
	}
	c.send(`{"type":"move","uci":"e2e4","clientMoveId":"fast"}`)
	if f, _ := c.until("refused"); f.Code != schemas.CodeRateLimited || f.ClientMoveID != "fast" {
		t.Errorf("%+v", f)
	}
	for range maxStrikes {
		if c.conn.Write(c.ctx, websocket.MessageText, []byte(`{"type":"ping"}`)) != nil {
			break
		}
	}
	if code := c.closed(); code != websocket.StatusPolicyViolation {
		t.Errorf("closed with %v", code)
	}
	if log := r.log(id); len(log) != 2 {
		t.Errorf("a refused move was played: %d events", len(log))
	}
}

// However often one command is sent, it is answered once.
func TestFloodOfOneMoveIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, messageRate(2))
	id := r.newGame()
	c := r.dialAs(id, r.white)
	c.until("state")
	const copies, atOnce = 12, 4
	for range copies {
		c.send(`{"type":"move","uci":"e2e4","clientMoveId":"5"}`)
	}
	answers, slower := 0, 0
	for answers == 0 || slower < copies-atOnce {
		switch f := c.next(); {
		case f.ClientMoveID != "":
			if answers++; f.Type != "ack" || answers > 1 {
				t.Fatalf("answer %d: %+v", answers, f)
			}
		case f.Type == "error" && f.Code == schemas.CodeRateLimited:
			slower++
		}
	}
}

// maxStrikes is the number of bad frames that closes a socket, as in package wsconn.
const maxStrikes = 16

func TestStopClosesSocketsAndStreams(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	c := r.dialAs(id, r.white)
	c.until("state")
	stream := r.openStream("/v1/games/"+id+"/events", "*/*")
	done := make(chan []string, 1)
	go func() { done <- lines(t, stream.Body) }()
	go r.instance.stop()
	if code := c.closed(); code != websocket.StatusGoingAway {
		t.Errorf("closed with %v", code)
	}
	select {
	case got := <-done:
		if len(got) != 2 {
			t.Errorf("%v", got)
		}
	case <-time.After(limit):
		t.Error("the stream is still open")
	}
}

// Bytes that are not a WebSocket frame close the socket with 1002.
func TestMalformedFrameClosesTheSocketWithACode(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	var tries sync.WaitGroup // each lasts as long as the server waits for the client's close frame
	for name, bytes := range map[string]string{
		"unmasked":       "\x81\x02hi",
		"too long":       "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
		"reserved bits":  "\xf1\x80\x00\x00\x00\x00",
		"unknown opcode": "\x83\x80\x00\x00\x00\x00",
	} {
		tries.Go(func() {
			conn, err := net.Dial("tcp", strings.TrimPrefix(r.server.URL, "http://"))
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(limit))
			fmt.Fprintf(conn, "GET /v1/games/%s/socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n%s", id, bytes)
			got, err := io.ReadAll(conn)
			if err != nil || !strings.Contains(string(got), "\x03\xea") { // 1002
				t.Errorf("%s: %v, %q", name, err, got[max(0, len(got)-60):])
			}
		})
	}
	tries.Wait()
}
