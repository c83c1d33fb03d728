package wsconn

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/coder/websocket"
)

// Fault is what is wrong with a frame, whatever its text.
type Fault uint8

const (
	NoFault Fault = iota
	NotText       // a binary frame
	TooFast       // beyond the rate limit
)

// maxStrikes is the number of bad frames minus good frames that closes a connection.
const maxStrikes = 16

// Read calls handle with each frame until the connection ends. handle reports whether
// the frame was good; it must not keep text. maxStrikes closes the connection. left
// reports whether the client closed it with the reason "leave".
func (c *Conn) Read(handle func(text []byte, fault Fault) (good bool)) (left bool) {
	for {
		good, err := c.readFrame(handle)
		switch {
		case err != nil:
			if malformed(err) {
				_ = c.ws.Close(websocket.StatusProtocolError, "malformed frame")
			}
			return saysLeave(err)
		case good:
			c.strikes = max(0, c.strikes-1)
		default:
			c.strikes++
		}
		if c.strikes >= maxStrikes {
			_ = c.ws.Close(websocket.StatusPolicyViolation, "too many bad frames, or too fast")
			return false
		}
	}
}

// readFrame reads a frame and calls handle. It takes a buffer only when a frame begins,
// so that a quiet connection holds none.
func (c *Conn) readFrame(handle func([]byte, Fault) bool) (good bool, err error) {
	kind, r, err := c.ws.Reader(context.Background())
	if err != nil {
		return false, err
	}
	buf := c.server.buffers.Get().(*[]byte)
	defer c.server.buffers.Put(buf)
	n := 0
	for err == nil {
		var m int
		m, err = r.Read((*buf)[n:])
		n += m
	}
	if !errors.Is(err, io.EOF) {
		return false, err
	}
	c.heard.Store(true)
	switch {
	case !c.allow(time.Now()):
		return handle((*buf)[:n], TooFast), nil
	case kind != websocket.MessageText:
		return handle(nil, NotText), nil
	}
	return handle((*buf)[:n], NoFault), nil
}

// leaveReason is the reason in the close frame of a client whose player leaves.
const leaveReason = "leave"

func saysLeave(err error) bool {
	var closed websocket.CloseError
	return errors.As(err, &closed) && closed.Code == websocket.StatusNormalClosure && closed.Reason == leaveReason
}

// malformed reports whether a read error is about the client's bytes: neither a close
// frame nor a network error. The library sends a close frame after some of these
// errors, but not after all.
func malformed(err error) bool {
	var closed websocket.CloseError
	var network net.Error
	return !errors.As(err, &closed) && !errors.As(err, &network) &&
		!errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, net.ErrClosed)
}
