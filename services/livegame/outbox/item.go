package outbox

import (
	"encoding/binary"
	"fmt"
)

// Item is one message for clients. It is encoded once for all who get it.
type Item struct {
	Seq   int64  // of the event; 0 for a message that is not an event
	Frame []byte // a whole WebSocket text frame: header and text
}

const (
	eventPrefix = `{"type":"event","event":`
	eventSuffix = `}`
)

// TypeWatchers is the type of the message that tells the number of spectators.
const TypeWatchers = "watchers"

// EventItem wraps an event's envelope as it is in the log. It copies the
// envelope, which is usually part of a whole fetch that would stay in memory.
func EventItem(seq int64, envelope []byte) Item {
	size := len(eventPrefix) + len(envelope) + len(eventSuffix)
	frame := appendHeader(make([]byte, 0, maxHeader+size), size)
	frame = append(append(append(frame, eventPrefix...), envelope...), eventSuffix...)
	return Item{seq, frame}
}

// TextItem makes an item of a JSON text that is not an event. It copies the text.
func TextItem(text []byte) Item {
	return Item{Frame: append(appendHeader(make([]byte, 0, maxHeader+len(text)), len(text)), text...)}
}

// WatchersItem tells how many spectators a game has.
func WatchersItem(count int) Item {
	return TextItem(fmt.Appendf(nil, `{"type":%q,"count":%d}`, TypeWatchers, count))
}

// Text is the JSON text that a WebSocket client reads.
func (i Item) Text() []byte { return i.Frame[headerLen(i.Frame):] }

// Envelope is the event's envelope alone. The item must have a Seq.
func (i Item) Envelope() []byte {
	text := i.Text()
	return text[len(eventPrefix) : len(text)-len(eventSuffix)]
}

const (
	// maxHeader is the longest header of a frame that a server sends, in bytes.
	maxHeader = 10
	// finalText is the first byte of a text message in one frame (RFC 6455, 5.2).
	finalText = 0x81
)

// appendHeader appends the header of a text message of n bytes in one frame. A
// server's frames are not masked (RFC 6455, 5.1).
func appendHeader(b []byte, n int) []byte {
	switch {
	case n < 126:
		return append(b, finalText, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, finalText, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, finalText, 127), uint64(n))
	}
}

// headerLen is how many bytes of a frame are its header.
func headerLen(frame []byte) int {
	switch frame[1] {
	case 126:
		return 4
	case 127:
		return maxHeader
	default:
		return 2
	}
}
