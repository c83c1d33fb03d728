package embedded

import (
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/time/rate"
)

const (
	// frameHead is the size of a request's head: its length, key, version and id.
	frameHead = 12
	// maxFrame bounds a request after the login, maxLoginFrame one before it. kfake
	// allocates a request before it has received it.
	maxFrame      = 64 << 20
	maxLoginFrame = 4 << 10
	// loginTimeout is how long a client may take to log in.
	loginTimeout = 10 * time.Second
	// loginSteps is how many SaslAuthenticate a login with SCRAM takes.
	loginSteps = 2
)

var errRefusedFrame = errors.New("the request is too long, unknown, or not allowed before the login")

// guard is a connection over TCP that passes on what may be sent. Before the login these
// are the requests of a login alone: kfake asks its control functions, with which the
// tier answers requests, before it checks the login. It also keeps kfake from requests
// that it would fall over.
type guard struct {
	net.Conn
	refused func(error)

	// Of the request that is being read; used by one goroutine.
	head []byte // what is left to hand over of its head
	left int    // what is left of it after that
	buf  [frameHead]byte

	// The SaslAuthenticate that waits for its answer: its id and version, and 1 in the
	// highest bit; 0 is none. A client sends the next after the answer.
	pending  atomic.Uint64
	steps    int // of the login that succeeded
	loggedIn atomic.Bool
}

// newGuards returns a function that guards a connection.
func newGuards(logger *slog.Logger) func(net.Conn) net.Conn {
	seldom := &rate.Sometimes{Interval: time.Minute}
	return func(conn net.Conn) net.Conn {
		_ = conn.SetReadDeadline(time.Now().Add(loginTimeout))
		return &guard{Conn: conn, refused: func(err error) {
			seldom.Do(func() {
				logger.Warn("embedded kafka refused a client", "err", err, "client", conn.RemoteAddr().String())
			})
		}}
	}
}

// Read implements net.Conn.
func (g *guard) Read(p []byte) (int, error) {
	if len(g.head) == 0 && g.left == 0 {
		if err := g.begin(); err != nil {
			return 0, err
		}
	}
	if len(g.head) > 0 {
		n := copy(p, g.head)
		g.head = g.head[n:]
		return n, nil
	}
	n, err := g.Conn.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}

// begin reads and checks the head of the next request.
func (g *guard) begin() error {
	if _, err := io.ReadFull(g.Conn, g.buf[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(g.buf[:])
	key, version := kmsg.Key(binary.BigEndian.Uint16(g.buf[4:])), binary.BigEndian.Uint16(g.buf[6:])
	if !g.allows(size, key) {
		g.refused(errRefusedFrame)
		return errRefusedFrame
	}
	if key == kmsg.SASLAuthenticate && !g.loggedIn.Load() {
		g.pending.Store(1<<63 | uint64(version)<<32 | uint64(binary.BigEndian.Uint32(g.buf[8:])))
	}
	g.head, g.left = g.buf[:], int(size)-(frameHead-4)
	return nil
}

func (g *guard) allows(size uint32, key kmsg.Key) bool {
	if size < frameHead-4 || size > maxFrame || kmsg.RequestForKey(int16(key)) == nil {
		return false
	}
	if g.loggedIn.Load() {
		return true
	}
	switch key {
	case kmsg.ApiVersions, kmsg.SASLHandshake, kmsg.SASLAuthenticate:
		return size <= maxLoginFrame
	}
	return false
}

// Write implements net.Conn. kfake writes a response as a whole.
func (g *guard) Write(p []byte) (int, error) {
	if pending := g.pending.Load(); pending != 0 && !g.loggedIn.Load() && answersWithSuccess(p, pending) {
		g.pending.Store(0)
		if g.steps++; g.steps == loginSteps {
			_ = g.SetReadDeadline(time.Time{})
			g.loggedIn.Store(true)
		}
	}
	return g.Conn.Write(p)
}

// answersWithSuccess reports whether a response answers the pending SaslAuthenticate, and
// not with an error.
func answersWithSuccess(response []byte, pending uint64) bool {
	version, id := uint16(pending>>32)&0x7fff, uint32(pending)
	code := 8         // after length and id
	if version >= 2 { // a flexible version has tags in the head
		code++
	}
	return len(response) >= code+2 && binary.BigEndian.Uint32(response[4:]) == id && binary.BigEndian.Uint16(response[code:]) == 0
}
