package outbox

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Item is one message for clients. It is encoded once for all its recipients.
type Item struct {
	Seq   int64  // the event's seq; 0 for a message that is not an event
	Frame []byte // a complete WebSocket text frame: header and text
}

const (
	eventPrefix = `{"type":"event","event":`
	eventSuffix = `}`
)

// TypeWatchers is the type of the message with the number of spectators.
const TypeWatchers = "watchers"

// EventItem wraps an event's envelope, as it is in the log. It copies the envelope,
// which would otherwise keep a whole fetch in memory.
func EventItem(seq int64, envelope []byte) Item {
	size := len(eventPrefix) + len(envelope) + len(eventSuffix)
	frame := appendHeader(make([]byte, 0, maxHeader+size), size)
	frame = append(append(append(frame, eventPrefix...), envelope...), eventSuffix...)
	return Item{seq, frame}
}

// TextItem creates an item from a JSON text that is not an event. It copies the text.
func TextItem(text []byte) Item {
	return Item{Frame: append(appendHeader(make([]byte, 0, maxHeader+len(text)), len(text)), text...)}
}

// WatchersItem is the message with the number of a game's spectators.
func WatchersItem(count int) Item {
	return TextItem(fmt.Appendf(nil, `{"type":%q,"count":%d}`, TypeWatchers, count))
}

// TypeClocks is the type of the message that says whether the clocks of a game run.
const TypeClocks = "clocks"

// ClocksItem is the message of TypeClocks with that JSON text.
func ClocksItem(text string) Item { return TextItem([]byte(text)) }

// Type returns the type of a message that is not an event.
func (i Item) Type() string {
	text := i.Text()
	if bytes.HasPrefix(text, []byte(`{"type":"clocks"`)) {
		return TypeClocks
	}
	return TypeWatchers
}

// Text returns the JSON text that a WebSocket client reads.
func (i Item) Text() []byte { return i.Frame[headerLen(i.Frame):] }

// Envelope returns the event's envelope. The item must be an event.
func (i Item) Envelope() []byte {
	text := i.Text()
	return text[len(eventPrefix) : len(text)-len(eventSuffix)]
}

const (
	// maxHeader is the length of the longest frame header that a server sends, in bytes.
	maxHeader = 10
	// finalText is the first byte of an unfragmented text message (RFC 6455, 5.2).
	finalText = 0x81
)

// appendHeader appends the header of an unfragmented text message of n bytes. A
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

// headerLen returns the length of a frame's header in bytes.
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
