package events

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

func TestDecodeReturnsThePayloadAsOnTheWire(t *testing.T) {
	t.Parallel()
	for _, ev := range append(sinktest.Events(1, 40), sinktest.Game(3, 0, sinktest.Start)...) {
		record := ev.Record()
		decoded, err := Decode(record.Topic, record.Value)
		if err != nil || !reflect.DeepEqual(decoded.Event, ev) {
			t.Fatalf("decoded %+v, %v", decoded, err)
		}
		if !strings.Contains(string(record.Value), `"payload":`+decoded.PayloadJSON+`}`) {
			t.Fatalf("payload %s is not in %s", decoded.PayloadJSON, record.Value)
		}
	}
}

func TestDecodeAcceptsEveryGoldenEvent(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "schemas", "testdata", "events", "*.json"))
	if err != nil || len(files) < len(schemas.EventTypes()) {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	for _, path := range files {
		value, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		value = bytes.TrimSuffix(value, []byte{'\n'})
		want, err := schemas.DecodeEvent(value)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(want.Type.Topic(), value)
		if err != nil || !reflect.DeepEqual(got.Event, want) {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
}

func TestDecodeRejectsWhatATableCouldNotHold(t *testing.T) {
	t.Parallel()
	terminal := func(change func(*schemas.Event, *schemas.GameOver)) schemas.Record {
		game := sinktest.Game(5, 4, sinktest.Start)
		ev := game[len(game)-1]
		change(&ev, ev.Payload.(*schemas.GameOver))
		return ev.Record()
	}
	for name, record := range map[string]schemas.Record{
		"game id":     terminal(func(ev *schemas.Event, _ *schemas.GameOver) { ev.Key = "game-1" }),
		"event id":    terminal(func(ev *schemas.Event, _ *schemas.GameOver) { ev.ID = strings.ToUpper(ev.ID) }),
		"player id":   terminal(func(_ *schemas.Event, g *schemas.GameOver) { g.Black.PlayerID = "" }),
		"zero byte":   terminal(func(_ *schemas.Event, g *schemas.GameOver) { g.White.Handle = "a\x00b" }),
		"long text":   terminal(func(_ *schemas.Event, g *schemas.GameOver) { g.FEN = strings.Repeat("8", 5000) }),
		"move":        terminal(func(_ *schemas.Event, g *schemas.GameOver) { g.Moves[0] = "e2 e4" }),
		"clock":       terminal(func(_ *schemas.Event, g *schemas.GameOver) { g.ClocksCs[0] = math.MaxInt32 + 1 }),
		"ended at":    terminal(func(_ *schemas.Event, g *schemas.GameOver) { g.EndedAt = 0 }),
		"occurred at": terminal(func(ev *schemas.Event, _ *schemas.GameOver) { ev.OccurredAt = maxTime }),
		"topic":       {Topic: schemas.PlayerEvents, Value: terminal(func(*schemas.Event, *schemas.GameOver) {}).Value},
		"not JSON":    {Topic: schemas.GameEvents, Value: []byte("\x00\xff")},
		"not UTF-8":   {Topic: schemas.GameEvents, Value: bytes.Replace(terminal(func(*schemas.Event, *schemas.GameOver) {}).Value, []byte("player"), []byte("pl\xffyer"), 1)},
		"empty":       {Topic: schemas.GameEvents},
	} {
		if _, err := Decode(record.Topic, record.Value); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	record := terminal(func(*schemas.Event, *schemas.GameOver) {})
	if _, err := Decode(record.Topic, record.Value); err != nil {
		t.Errorf("unchanged: %v", err)
	}
}

func BenchmarkDecode(b *testing.B) {
	game := sinktest.Game(7, 80, sinktest.Start)
	for name, ev := range map[string]schemas.Event{"move": game[40], "game": game[len(game)-1], "created": game[0]} {
		record := ev.Record()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(record.Value)))
			for b.Loop() {
				if _, err := Decode(record.Topic, record.Value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
