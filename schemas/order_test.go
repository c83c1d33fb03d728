package schemas

import (
	"encoding/json"
	"reflect"
	"testing"
)

// The decoder only guesses from the order of an envelope's fields.
func TestDecodeAcceptsFieldsInAnyOrder(t *testing.T) {
	shuffled := func(value []byte) []byte {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(value, &fields); err != nil {
			t.Fatal(err)
		}
		parts := []byte(`{"payload":` + string(fields["payload"]))
		delete(fields, "payload")
		for name, raw := range fields {
			parts = append(append(parts, `,"`+name+`":`...), raw...)
		}
		return append(parts, '}')
	}
	event := benchMove()
	got, err := DecodeEvent(shuffled(event.Record().Value))
	if err != nil || !reflect.DeepEqual(got, event) {
		t.Fatalf("%+v, %v", got, err)
	}
	cmd := Command{ID: NewID(), Type: PlayMove, Key: NewID(), Region: "eu", Actor: NewID(), Payload: &PlayMovePayload{UCI: "e2e4"}}
	gotCmd, err := DecodeCommand(shuffled(cmd.Record().Value))
	if err != nil || !reflect.DeepEqual(gotCmd, cmd) {
		t.Fatalf("%+v, %v", gotCmd, err)
	}
}

func TestDecodeRejectsEnvelopeWithoutPayload(t *testing.T) {
	id := NewID()
	head := `{"eventId":"` + id + `","eventType":"MoveMade","schemaVersion":1,"gameId":"` + id + `","seq":3,"occurredAt":"2026-11-23T15:54:30.123Z","region":"eu","commandId":"` + id + `"`
	for _, tail := range []string{`}`, `,"payload":null}`, `,"eventType":"GameEnded"}`, `,"payload":"x"}`} {
		if ev, err := DecodeEvent([]byte(head + tail)); err == nil {
			t.Errorf("%s was decoded as %+v", tail, ev)
		}
	}
}
