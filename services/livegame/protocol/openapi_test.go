package protocol

import (
	"encoding/json"
	"testing"

	"tabiya/schemas"
	"tabiya/services/livegame/outbox"
	"tabiya/services/openapi/openapitest"
)

// The types of the chess app are generated from these schemas.
func TestFramesAreAsTheOpenAPIDocumentSays(t *testing.T) {
	t.Parallel()
	document, err := openapitest.Load()
	if err != nil {
		t.Fatal(err)
	}
	check := func(schema, text string, valid bool) {
		t.Helper()
		var frame any
		if err := json.Unmarshal([]byte(text), &frame); err != nil {
			t.Fatal(err)
		}
		if err := document.Components.Schemas[schema].Value.VisitJSON(frame); (err == nil) != valid {
			t.Errorf("%s %s: %v", schema, text, err)
		}
	}
	lag := int64(3)
	for _, item := range []outbox.Item{
		AckFrame("a", 3), AckFrame("", 3), RefusedFrame("a", schemas.CodeGameOver, "it is over"), ErrorFrame(schemas.CodeMalformedJSON, "not JSON"),
		PongFrame(nil, 1), PongFrame(&lag, 1), outbox.WatchersItem(2),
		outbox.ClocksItem(`{"type":"clocks","running":false}`),
		outbox.ClocksItem(`{"type":"clocks","running":true,"runsAt":"2026-01-01T00:00:00.000Z","deadlineAt":"2026-01-01T00:01:00.000Z"}`),
	} {
		check("ServerFrame", string(item.Text()), true)
	}
	check("ServerFrame", `{"type":"pong"}`, false)
	check("ServerFrame", `{"type":"clocks"}`, false)
	for _, text := range []string{
		`{"type":"move","uci":"e2e4","ply":1,"clientMoveId":"a","lag":4}`, `{"type":"resign","clientMoveId":"a"}`, `{"type":"abort"}`, `{"type":"time"}`,
		`{"type":"draw","action":"claim"}`, `{"type":"takeback","action":"offer"}`, `{"type":"rematch","action":"decline"}`, `{"type":"claim","as":"draw"}`, `{"type":"leave"}`, `{"type":"ping"}`,
	} {
		check("ClientFrame", text, true)
		if f, code, detail := ParseFrame([]byte(text)); code != "" {
			t.Errorf("%s: %s %s", text, code, detail)
		} else if f.Type != FrameLeave && f.Type != FramePing {
			if _, code, detail := f.Intent(); code != "" {
				t.Errorf("%s: %s %s", text, code, detail)
			}
		}
	}
	check("ClientFrame", `{"type":"takeback","action":"claim"}`, false)
	check("ClientFrame", `{"type":"move"}`, false)
}
