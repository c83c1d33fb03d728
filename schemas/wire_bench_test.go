package schemas

import "testing"

func BenchmarkEncodeMove(b *testing.B) {
	e := benchMove()
	for b.Loop() {
		e.Record()
	}
}

func BenchmarkDecodeMove(b *testing.B) {
	value := benchMove().Record().Value
	for b.Loop() {
		if _, err := DecodeEvent(value); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodePlayMove(b *testing.B) {
	value := Command{ID: NewID(), Type: PlayMove, Key: NewID(), Region: "eu", Actor: NewID(), Payload: &PlayMovePayload{UCI: "e2e4", Ply: 1}}.Record().Value
	for b.Loop() {
		if _, err := DecodeCommand(value); err != nil {
			b.Fatal(err)
		}
	}
}

func benchMove() Event {
	id := NewID()
	return Event{
		ID: EventID(id, 7), Type: MoveMade, Key: id, Seq: 7, OccurredAt: 1764000000123, Region: "eu", CommandID: NewID(),
		Payload: &MoveMadePayload{
			Ply: 5, Color: White, UCI: "g1f3", SAN: "Nf3", FEN: "r1bqkbnr/pppp1ppp/2n5/4p3/4P3/5N2/PPPP1PPP/RNBQKB1R w KQkq - 2 3",
			Clock: Clock{WhiteCs: 17800, BlackCs: 17900, ElapsedCs: 200, ChargedCs: 100}, DeadlineAt: 1764000178123,
		},
	}
}
