// Package wsconn serves WebSocket connections. It upgrades a request, writes the items
// of an outbox, measures the round trip with pings, and reads frames at a limited rate.
// It knows nothing of games or of what the frames say.
package wsconn

import (
	"cmp"
	"iter"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"tabiya/services/livegame/outbox"
)

const (
	subprotocol = "tabiya.v1"

	// statusTooSlow closes a connection whose client does not read fast enough.
	statusTooSlow websocket.StatusCode = 4008
	// statusSilent closes a connection whose client leaves a ping unanswered.
	statusSilent websocket.StatusCode = 4009
	// statusReplaced closes a player's connection for a newer one of theirs. A client that
	// then came back by itself would end another.
	statusReplaced websocket.StatusCode = 4010
	// statusSessionOver closes a connection whose token is not valid any more.
	statusSessionOver websocket.StatusCode = 4401

	// historyChunk is how many bytes of the first items are joined for one write.
	historyChunk = 32 << 10
)

// Server has the writers and buffers that all connections share; see NewServer.
type Server struct {
	maxFrame int
	writers  writers
	buffers  sync.Pool // of *[]byte
}

// NewServer creates a Server whose connections accept frames of at most maxFrame bytes.
func NewServer(maxFrame int) *Server {
	return &Server{maxFrame: maxFrame, buffers: sync.Pool{New: func() any {
		b := make([]byte, maxFrame+1) // room for one byte more, so that the library notices a longer frame
		return &b
	}}}
}

// Options are the options of a connection.
type Options struct {
	// Player says that the client is one of the game's players. Players are written to
	// before the spectators, and pinged more often.
	Player bool
	// Direct says that the peer is the client, and not a proxy: what the kernel measures of
	// the connection is the client's round trip then.
	Direct bool
	// Allow reports whether the client may send a frame now.
	Allow func(now time.Time) bool
	// WriteTimeout is how long the client may take to receive 16 KiB. Default 10 s.
	WriteTimeout time.Duration
	// OnTooSlow is called when the client reads too slowly.
	OnTooSlow func()
}

// Conn is a connection. One goroutine reads, the server's writers write.
type Conn struct {
	server    *Server
	player    bool
	direct    bool
	ws        *websocket.Conn
	transport *transport
	box       *outbox.Outbox
	writing   atomic.Bool // a goroutine writes, or is about to
	pingTimer *time.Timer
	heard     atomic.Bool // the client has sent something since the last ping timer
	strikes   int         // bad frames minus good frames, at least 0
	allow     func(now time.Time) bool
	roundTrip roundTrip
}

// Accept upgrades a request. If it returns an error, it has answered the request. The
// caller calls Start, Read and Stop, or Close.
func (s *Server) Accept(rw http.ResponseWriter, r *http.Request, o Options) (*Conn, error) {
	c := &Conn{server: s, player: o.Player, direct: o.Direct, allow: o.Allow}
	c.box = outbox.NewScheduled(c.schedule, o.OnTooSlow)
	c.writing.Store(true) // until Start has written the first items
	h := &hijacker{ResponseWriter: rw, writeTimeout: cmp.Or(o.WriteTimeout, defaultWriteTimeout)}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		Subprotocols:       []string{subprotocol},
		CompressionMode:    websocket.CompressionDisabled, // frames are written past the library
		InsecureSkipVerify: true,                          // the caller checks the Origin
		OnPingReceived:     c.onPing,
		OnPongReceived:     c.onPong,
	})
	if err != nil {
		return nil, err
	}
	c.ws, c.transport = ws, h.transport
	c.ws.SetReadLimit(int64(s.maxFrame))
	return c, nil
}

// Box returns the outbox whose items the connection writes.
func (c *Conn) Box() *outbox.Outbox { return c.box }

// Start writes the first items, waiting for the client if it reads slowly. After that,
// the items of the outbox are written.
func (c *Conn) Start(first iter.Seq[outbox.Item]) error {
	var frames []byte
	for i := range first {
		frames = append(frames, i.Frame...)
		if len(frames) > historyChunk {
			if err := c.transport.write(frames); err != nil {
				return err
			}
			frames = frames[:0]
		}
	}
	if err := c.transport.write(frames); err != nil {
		return err
	}
	c.startPings()
	c.flush(&writeBuffer{})
	return nil
}

// Stop ends the connection without a close frame, if it has not ended yet.
func (c *Conn) Stop() {
	if c.pingTimer != nil {
		c.pingTimer.Stop()
	}
	_ = c.ws.CloseNow() // an error if it is closed already
}
