package protocol

import (
	"encoding/json"
	"testing"

	"tabiya/schemas"
)

func FuzzFrames(f *testing.F) {
	for _, seed := range []string{`{"type":"move","uci":"e2e4","ply":1,"clientMoveId":"a"}`, `{"type":"draw","action":"offer"}`, `{"type":"claim","as":"win"}`, `{"type":"time"}`, `{"type":"leave"}`, `{"type":"ping"}`, `{}`, `[`, "\x00", `{"type":"move","uci":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		frame, code, detail := ParseFrame(text)
		if code != "" {
			if detail == "" || !json.Valid(ErrorFrame(code, detail).Text()) {
				t.Fatalf("%s %q", code, detail)
			}
			return
		}
		if frame.Type == FramePing || frame.Type == FrameLeave {
			return
		}
		in, code, detail := frame.Intent()
		if (code == "") != (in.Kind != "") {
			t.Fatalf("%+v, %s %s", in, code, detail)
		}
		if code == "" {
			schemas.Command{ID: schemas.NewID(), Type: in.Kind, Key: "g", Payload: in.Payload}.Record() // panics on a command that cannot be sent
		}
		if ack := AckFrame(frame.ClientMoveID, 1).Text(); !json.Valid(ack) {
			t.Fatalf("%s", ack)
		}
	})
}

func TestMalformedFrameKeepsItsID(t *testing.T) {
	t.Parallel()
	for text, id := range map[string]string{
		`{"type":"move","uci":"d2d4","lag":-1,"clientMoveId":"7"}`:     "7",
		`{"type":"move","uci":"d2d4","clientMoveId":"7","colour":"w"}`: "7",
		`{"colour":"w","clientMoveId":"7"}`:                            "7",
		`{"type":"fly","clientMoveId":"7"}`:                            "7",
		`{"type":"move","clientMoveId":"a b"}`:                         "",
		`{"type":"move","clientMoveId":7}`:                             "",
		`{"type":"move","clientMoveId":"7"`:                            "",
	} {
		if f, code, _ := ParseFrame([]byte(text)); code == "" || f != (ClientFrame{ClientMoveID: id}) {
			t.Errorf("%s: %+v, %s", text, f, code)
		}
	}
}
