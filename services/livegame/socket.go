package livegame

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

const (
	subprotocol = "tabiya.v1"
	// tokenPrefix begins the subprotocol that carries a browser's token.
	tokenPrefix = "bearer."

	// statusTooSlow closes a socket whose reader does not keep up.
	statusTooSlow websocket.StatusCode = 4008
	// statusSilent closes a socket that leaves a ping unanswered.
	statusSilent websocket.StatusCode = 4009
)

// socket is one player's or watcher's connection to a game. Its reader is the
// request's goroutine; the writers are shared by all sockets.
type socket struct {
	service  *Service
	gameID   string
	playerID string // empty for a watcher
	token    string
	plays    bool // one of the two players
	conn     *websocket.Conn
	wire     *wire
	box      *outbox
	claimed  atomic.Bool // somebody writes, or is about to
	beats    *time.Timer
	asked    asked
	heard    atomic.Bool // something came since the last beat
	strikes  int         // bad frames, less the good ones since
	pace     pace
	lag      lag
	depart   func(left bool) // ends his presence; the reader calls it
}

// socket is GET /v1/games/{id}/socket.
func (s *Service) socket(c *gin.Context) {
	if why := notAnUpgrade(c.Request); why != "" {
		c.Header("Upgrade", "websocket")
		c.Header("Connection", "Upgrade")
		httpx.Fail(c, schemas.CodeUpgradeRequired, why)
		return
	}
	k := &socket{service: s, gameID: c.Param("id"), pace: newPace(s.cfg.FrameRate)}
	k.box = &outbox{rouse: k.rouse, full: s.metrics.cutOff.Inc}
	k.claimed.Store(true) // by the past
	if !k.authenticate(c) {
		return
	}
	from, ok := cursor(c, 0)
	if !ok {
		return
	}
	b, ok := s.readable(c)
	if !ok {
		return
	}
	leave, ok := s.connect(c, b)
	if !ok {
		return
	}
	defer leave()
	httpx.Stream(c)
	over := &wiring{ResponseWriter: c.Writer, limit: s.cfg.writeLimit}
	conn, err := websocket.Accept(over, c.Request, &websocket.AcceptOptions{
		Subprotocols:    []string{subprotocol},
		CompressionMode: websocket.CompressionDisabled, // see wire
		// A token is never sent by a browser on its own, so there is nothing that
		// another origin could abuse.
		InsecureSkipVerify: true,
		OnPingReceived:     k.hearPing,
		OnPongReceived:     k.hearPong,
	})
	if err != nil {
		c.Abort() // Accept has answered
		return
	}
	k.conn, k.wire = conn, over.wire
	k.conn.SetReadLimit(maxFrame)
	k.plays = b.seats(k.playerID)
	state, end, ok := s.watch(b, watcher{box: k.box, from: from, spectates: !k.plays, counts: true})
	if !ok { // it was let go in this moment: there is another board for it
		why := outOfStep
		if s.gate.leaving.Load() {
			why = goingAway
		}
		_ = conn.Close(closeCode(why), why.String())
		return
	}
	defer end()
	k.depart = s.attend(b, k.playerID)
	defer k.depart(false)
	if from == 0 {
		from = state.Seq + 1
	}
	if k.past(stateFrame(s.view(b, state)), state, from) == nil {
		k.startBeats()
		defer k.beats.Stop()
		k.flush(&pen{})
		k.read()
	}
	_ = conn.CloseNow() // closed already in most cases
}

// notAnUpgrade says what keeps a request from becoming a WebSocket (RFC 6455,
// 4.2.1); empty if nothing does. The library would say it in plain text.
func notAnUpgrade(r *http.Request) string {
	names := func(header, token string) bool {
		for _, line := range r.Header.Values(header) {
			for value := range strings.SplitSeq(line, ",") {
				if strings.EqualFold(strings.TrimSpace(value), token) {
					return true
				}
			}
		}
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(r.Header.Get("Sec-WebSocket-Key")))
	switch {
	case !r.ProtoAtLeast(1, 1) || !names("Connection", "upgrade") || !names("Upgrade", "websocket"):
		return "this is a WebSocket"
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return "Sec-WebSocket-Version: 13"
	case err != nil || len(key) != 16 || len(r.Header.Values("Sec-WebSocket-Key")) != 1:
		return "Sec-WebSocket-Key: 16 bytes in base64"
	}
	return ""
}

// authenticate finds the token, where there is one, and who it speaks for. Where
// it is no good it has answered and ok is false.
func (k *socket) authenticate(c *gin.Context) (ok bool) {
	header := c.GetHeader("Authorization")
	switch token := offeredToken(c); {
	case header != "":
		_, k.token, _ = strings.Cut(header, " ") // checked by httpx.Authenticate
	case token != "":
		if !httpx.AuthenticateToken(c, k.service.cfg.Verifier, token) {
			return false
		}
		k.token = token
	}
	k.playerID = httpx.PlayerID(c)
	return true
}

// offeredToken is the token of a client that cannot set headers.
func offeredToken(c *gin.Context) string {
	if token := c.Query("access_token"); token != "" {
		return token
	}
	for _, line := range c.Request.Header.Values("Sec-WebSocket-Protocol") {
		for offer := range strings.SplitSeq(line, ",") {
			if token, ok := strings.CutPrefix(strings.TrimSpace(offer), tokenPrefix); ok {
				return token
			}
		}
	}
	return ""
}

// maxStrikes is how many bad frames, or frames too many a second, less the good
// ones, a client may send.
const maxStrikes = 16

// read takes frames until the connection ends.
func (k *socket) read() {
	for {
		f, code, detail, err := k.next()
		if err != nil {
			if saysLeave(err) {
				k.depart(true)
			}
			if garbled(err) {
				_ = k.conn.Close(websocket.StatusProtocolError, "a frame that is none")
			}
			return
		}
		k.heard.Store(true)
		if !k.pace.allows(time.Now()) {
			code, detail = schemas.CodeRateLimited, "slower: "+strconv.Itoa(k.service.cfg.FrameRate)+" frames a second"
		}
		if code == "" && f.Type == frameLeave {
			k.depart(true)
			k.box.close(departed) // the writer closes, and next ends
			continue
		}
		if code == "" {
			k.strikes = max(0, k.strikes-1)
			k.hear(f)
			continue
		}
		k.strikes++
		if f.ClientMoveID != "" && !k.asked.knows(f.ClientMoveID) {
			k.box.send(refusedFrame(f.ClientMoveID, code, detail)) // each is answered, and once
		} else {
			k.box.send(errorFrame(code, detail))
		}
		if k.strikes >= maxStrikes {
			_ = k.conn.Close(websocket.StatusPolicyViolation, "too many bad frames, or too fast")
			return
		}
	}
}

// leaveReason is that of a close frame with which a client says that it leaves.
const leaveReason = "leave"

func saysLeave(err error) bool {
	var closed websocket.CloseError
	return errors.As(err, &closed) && closed.Code == websocket.StatusNormalClosure && closed.Reason == leaveReason
}

// garbled reports whether it is neither a close frame nor the network that has
// ended a connection. The library tells the client of some of that, not of all.
func garbled(err error) bool {
	var closed websocket.CloseError
	var network net.Error
	return !errors.As(err, &closed) && !errors.As(err, &network) &&
		!errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, net.ErrClosed)
}

// frameBuffer has room for one byte more than a frame may have, so that the
// connection's limit is noticed.
type frameBuffer [maxFrame + 1]byte

// next waits for a frame and parses it. It takes a buffer when the frame
// begins: a quiet socket holds none.
func (k *socket) next() (f clientFrame, code schemas.Code, detail string, err error) {
	kind, r, err := k.conn.Reader(context.Background())
	if err != nil {
		return f, "", "", err
	}
	buf := k.service.buffers.Get().(*frameBuffer)
	defer k.service.buffers.Put(buf)
	n := 0
	for err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	switch {
	case !errors.Is(err, io.EOF):
		return f, "", "", err
	case kind != websocket.MessageText:
		return f, schemas.CodeMalformedJSON, "send text frames", nil
	}
	f, code, detail = parseFrame(buf[:n])
	return f, code, detail, nil
}
