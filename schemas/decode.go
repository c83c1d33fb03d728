package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrUnknownType means that a message has a type that this release does not know. A
// later one may have added it.
var ErrUnknownType = errors.New("unknown type")

var errNoType = errors.New("no type")

// DecodeCommand decodes the value of a record of a commands topic. It returns an
// error for malformed bytes and never panics.
func DecodeCommand(value []byte) (Command, error) {
	if cmd, ok := scanCommand(string(value)); ok {
		return cmd, nil
	}
	return readCommand(value)
}

// readCommand is DecodeCommand for any JSON, by encoding/json.
func readCommand(value []byte) (Command, error) {
	var w commandWire[any]
	w.CommandType = CommandType(hint(value, commandTypeField))
	w.Payload = commandKinds[w.CommandType].blank()
	k, err := decodeEnvelope(value, &w, &w.CommandType, &w.Payload, commandKinds)
	if err != nil {
		return Command{}, fmt.Errorf("decode command: %w", err)
	}
	key, err := w.key(k.of)
	if err != nil {
		return Command{}, fmt.Errorf("decode command %s: %w", w.CommandType, err)
	}
	if !ValidID(w.CommandID) {
		return Command{}, fmt.Errorf("decode command %s: id %.60q is not a UUID", w.CommandType, w.CommandID)
	}
	return Command{w.CommandID, w.CommandType, key, w.Region, w.Actor, w.Payload}, nil
}

// DecodeEvent decodes the value of a record of an events topic. It returns an error
// for malformed bytes and never panics.
func DecodeEvent(value []byte) (Event, error) {
	if ev, _, ok := scanEvent(string(value)); ok {
		return ev, nil
	}
	return readEvent(value)
}

// DecodeEventAndPayload is DecodeEvent that also returns the payload's JSON.
func DecodeEventAndPayload(value []byte) (ev Event, payload string, err error) {
	if ev, payload, ok := scanEvent(string(value)); ok {
		return ev, payload, nil
	}
	if ev, err = readEvent(value); err != nil {
		return Event{}, "", err
	}
	var raw struct {
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(value, &raw); err != nil {
		return Event{}, "", fmt.Errorf("decode event: %w", err)
	}
	return ev, string(raw.Payload), nil
}

// readEvent is DecodeEvent for any JSON, by encoding/json.
func readEvent(value []byte) (Event, error) {
	var w eventWire[any]
	w.EventType = EventType(hint(value, eventTypeField))
	w.Payload = eventKinds[w.EventType].blank()
	k, err := decodeEnvelope(value, &w, &w.EventType, &w.Payload, eventKinds)
	if err != nil {
		return Event{}, fmt.Errorf("decode event: %w", err)
	}
	key, err := w.key(k.of)
	if err != nil {
		return Event{}, fmt.Errorf("decode event %s: %w", w.EventType, err)
	}
	if w.Seq < 1 {
		return Event{}, fmt.Errorf("decode event %s: seq %d is not positive", w.EventType, w.Seq)
	}
	return Event{w.EventID, w.EventType, key, w.Seq, w.OccurredAt, w.Region, w.CommandID, w.Payload}, nil
}

// DecodeReply decodes the value of a record of the command-replies topic.
func DecodeReply(value []byte) (Reply, error) {
	var w replyWire
	if err := json.Unmarshal(value, &w); err != nil {
		return Reply{}, fmt.Errorf("decode reply: %w", err)
	}
	if w.ReplyType == "" || w.CommandType == "" {
		return Reply{}, fmt.Errorf("decode reply: %w", errNoType)
	}
	k, ok := commandKinds[w.CommandType]
	if !ok || !knownReply(w.ReplyType) {
		return Reply{}, fmt.Errorf("decode reply: %w %.60q to command %.60q", ErrUnknownType, w.ReplyType, w.CommandType)
	}
	key, err := w.key(k.of)
	if err != nil {
		return Reply{}, fmt.Errorf("decode reply to %s: %w", w.CommandType, err)
	}
	return Reply{w.ReplyType, w.CommandID, w.CommandType, key, w.Region, w.Actor, w.OccurredAt, w.Code, w.Detail, w.Seq, w.Outage}, nil
}

func knownReply(t ReplyType) bool {
	return t == CommandRejected || t == CommandRepeated || t == PulseHandled
}

// decodeEnvelope decodes value into the envelope w. name and payload point into w
// and hold what hint found. If that is the real type, which it is for messages of
// our own encoders, one pass is enough; otherwise the payload is decoded in a
// second pass.
func decodeEnvelope[T ~string](value []byte, w any, name *T, payload *any, kinds map[T]kind) (kind, error) {
	hinted := *name
	if err := json.Unmarshal(value, w); err != nil {
		return kind{}, err
	}
	k, ok := kinds[*name]
	switch {
	case *name == "":
		return kind{}, errNoType
	case !ok:
		return kind{}, fmt.Errorf("%w %.60q", ErrUnknownType, string(*name))
	case k.newPayload == nil:
		*payload = nil
		return k, nil
	case *name == hinted && *payload != nil && bytes.Contains(value, payloadField):
		return k, nil
	}
	var raw struct {
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(value, &raw); err != nil {
		return kind{}, err
	}
	if len(raw.Payload) == 0 || string(raw.Payload) == "null" {
		return kind{}, fmt.Errorf("%s has no payload", string(*name))
	}
	*payload = k.newPayload()
	if err := json.Unmarshal(raw.Payload, *payload); err != nil {
		return kind{}, fmt.Errorf("payload of %s: %w", string(*name), err)
	}
	return k, nil
}

var (
	commandTypeField = []byte(`"commandType":"`)
	eventTypeField   = []byte(`"eventType":"`)
	payloadField     = []byte(`"payload":`)
)

// hint guesses the message's type without parsing value. It is right if the field
// is where our encoders put it.
func hint(value, field []byte) string {
	_, rest, _ := bytes.Cut(value[:min(len(value), 160)], field)
	name, _, _ := bytes.Cut(rest, []byte{'"'})
	return string(name)
}

// blank returns an empty payload of the kind, or nil if it has none.
func (k kind) blank() any {
	if k.newPayload == nil {
		return nil
	}
	return k.newPayload()
}
