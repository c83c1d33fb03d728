package schemas

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// The writer encodes moves to the same bytes as encoding/json.
func FuzzWriterAgreesWithJSON(f *testing.F) {
	f.Add("id", "eu", "e7e8q", "fxe8=Q+", int64(1764000000123), int64(-3), uint64(0))
	f.Add("\"", "<&>", "\\", "\u00e9\xff", int64(-1<<62), int64(0), uint64(1))
	f.Fuzz(func(t *testing.T, id, region, uci, san string, at, centis int64, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		number := func() int64 { return int64(r.Uint64()) >> r.IntN(64) * int64(r.IntN(2)) }
		e := Event{ID: id, Type: MoveMade, Key: id, Seq: number(), OccurredAt: Time(at), Region: region, CommandID: id}
		e.Payload = &MoveMadePayload{
			Ply: int(number()), Color: White, UCI: uci, SAN: san, FEN: san,
			Clock: Clock{number(), number(), number(), number(), centis, number()}, DeadlineAt: Time(number()),
		}
		if got, ok := writeMove(e, e.Payload.(*MoveMadePayload)); ok && !bytes.Equal(got, e.json(eventKinds[MoveMade])) {
			t.Fatalf("%s, not %s", got, e.json(eventKinds[MoveMade]))
		}
		c := Command{ID: id, Type: PlayMove, Key: id, Region: region, Actor: id, Payload: &PlayMovePayload{uci, int(number()), centis}}
		if got, ok := writePlayMove(c, c.Payload.(*PlayMovePayload)); ok && !bytes.Equal(got, c.json(commandKinds[PlayMove])) {
			t.Fatalf("%s, not %s", got, c.json(commandKinds[PlayMove]))
		}
	})
}

func TestWriterTakesMoves(t *testing.T) {
	t.Parallel()
	e := benchMove()
	if _, ok := writeMove(e, e.Payload.(*MoveMadePayload)); !ok {
		t.Error("writeMove left a MoveMade to encoding/json")
	}
	c := Command{ID: NewID(), Type: PlayMove, Key: NewID(), Region: "eu", Actor: NewID(), Payload: &PlayMovePayload{UCI: "e2e4", Ply: 1, LagCs: 4}}
	if _, ok := writePlayMove(c, c.Payload.(*PlayMovePayload)); !ok {
		t.Error("writePlayMove left a PlayMove to encoding/json")
	}
}
