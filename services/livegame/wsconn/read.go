package wsconn

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/coder/websocket"
)

// Fault is what is wrong with a frame before anybody looks at its text.
type Fault uint8

const (
	NoFault Fault = iota
	NotText       // a binary frame
	TooFast       // more frames a second than the rate allows
)

// maxStrikes is how many bad frames, less the good ones, a client may send.
const maxStrikes = 16

// Read calls handle with each frame until the connection ends. handle reports
// whether the frame was good; it may not keep text. Too many bad frames close the
// connection. left reports whether the client closed it because the player leaves.
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

// readFrame takes a buffer only when a frame begins: a quiet connection holds none.
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
	case !c.rate.Allow():
		return handle((*buf)[:n], TooFast), nil
	case kind != websocket.MessageText:
		return handle(nil, NotText), nil
	}
	return handle((*buf)[:n], NoFault), nil
}

// leaveReason is the reason of a close frame with which a client says that the
// player leaves.
const leaveReason = "leave"

func saysLeave(err error) bool {
	var closed websocket.CloseError
	return errors.As(err, &closed) && closed.Code == websocket.StatusNormalClosure && closed.Reason == leaveReason
}

// malformed reports whether a connection was ended by neither a close frame nor the
// network. The library tells the client of some such errors, not of all.
func malformed(err error) bool {
	var closed websocket.CloseError
	var network net.Error
	return !errors.As(err, &closed) && !errors.As(err, &network) &&
		!errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, net.ErrClosed)
}
