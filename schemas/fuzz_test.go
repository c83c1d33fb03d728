package schemas_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"tabiya/schemas"
)

// malformed returns seeds that our own encoders never write.
func malformed() []string {
	return []string{
		``, `null`, `[]`, `{}`, `"x"`, "\xff\xfe", `{"commandType":"PlayMove"}`, `{"eventType":"MoveMade","seq":-1,"gameId":"x"}`,
		`{"commandId":"` + commandID + `","commandType":"PlayMove","gameId":"a","playerId":"b","payload":{}}`,
		`{"commandId":"` + commandID + `","commandType":"PlayMove","gameId":"a","payload":null}`,
		`{"eventType":"GameEnded","gameId":"a","seq":1,"occurredAt":"2026-02-30T00:00:00Z","payload":{"moves":null}}`,
	}
}

func FuzzDecodeCommand(f *testing.F) {
	for _, c := range slices.AppendSeq(commands(), maps.Values(commandVariants())) {
		f.Add(c.Record().Value)
	}
	for _, s := range malformed() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		c, err := schemas.DecodeCommand(value)
		if err != nil {
			return
		}
		written := c.Record().Value
		again, err := schemas.DecodeCommand(written)
		if err != nil || !bytes.Equal(again.Record().Value, written) {
			t.Fatalf("%s was decoded and encoded as %s, which does not decode back: %v", value, written, err)
		}
	})
}

func FuzzDecodeEvent(f *testing.F) {
	for _, ev := range slices.AppendSeq(events(), maps.Values(eventVariants())) {
		f.Add(ev.Record().Value)
	}
	for _, s := range malformed() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		ev, err := schemas.DecodeEvent(value)
		if err != nil {
			return
		}
		written := ev.Record().Value
		again, err := schemas.DecodeEvent(written)
		if err != nil || !bytes.Equal(again.Record().Value, written) {
			t.Fatalf("%s was decoded and encoded as %s, which does not decode back: %v", value, written, err)
		}
	})
}

func FuzzDecodeReply(f *testing.F) {
	for _, r := range replies() {
		f.Add(r.Record().Value)
	}
	for _, s := range malformed() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		r, err := schemas.DecodeReply(value)
		if err != nil {
			return
		}
		written := r.Record().Value
		again, err := schemas.DecodeReply(written)
		if err != nil || !bytes.Equal(again.Record().Value, written) {
			t.Fatalf("%s was decoded and encoded as %s, which does not decode back: %v", value, written, err)
		}
	})
}
