package tables_test

import (
	"encoding/binary"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tabiya/internal/core/game"
	"tabiya/internal/core/player"
	"tabiya/schemas"
	"tabiya/tables"
)

// withoutChecksum turns an encoded row into one of format 1.
func withoutChecksum(raw []byte) []byte {
	old := slices.Concat(raw[:17], raw[21:])
	old[0] = 1
	return old
}

func TestRowOfTheFormatWithoutChecksumIsDecoded(t *testing.T) {
	t.Parallel()
	old := withoutChecksum(tables.Players().Encode(playerID, fullPlayer()))
	s, err := tables.Players().Decode(playerID, old)
	if err != nil || s.Handle != fullPlayer().Handle || s.Version != 7 {
		t.Fatalf("decoded as %+v: %v", s, err)
	}
	if err := tables.Players().Verify(playerID, old); err != nil {
		t.Fatal(err)
	}
}

func TestCorruptRowsAreRejected(t *testing.T) {
	t.Parallel()
	table := tables.Players()
	good := table.Encode(playerID, fullPlayer())
	if err := table.Verify(playerID, good); err != nil {
		t.Fatal(err)
	}
	flipped := func(i int) []byte {
		raw := slices.Clone(good)
		raw[i] ^= 1
		return raw
	}
	for name, raw := range map[string][]byte{
		"empty":                            {},
		"garbage":                          []byte("\xff\xfe this is not a row of any format"),
		"text":                             []byte("this is not a row of any format"),
		"half a row":                       good[:len(good)/2],
		"a head alone":                     good[:21],
		"another version":                  flipped(8),
		"another checksum":                 flipped(20),
		"another body":                     flipped(len(good) - 1),
		"the row of another key":           table.Encode("0190b3a1-0000-7000-8000-00000000000b", fullPlayer()),
		"a garbage body without checksum":  append(withoutChecksum(good)[:17], "garbage"...),
		"random bytes of a higher format":  append([]byte{3}, strings.Repeat("\xa7", 40)...),
		"a row whose format has no number": append([]byte{200}, good[1:]...),
	} {
		_, err := table.Decode(playerID, raw)
		if err == nil || errors.Is(err, tables.ErrLaterFormat) {
			t.Errorf("%s: Decode returned %v", name, err)
		}
		if err := table.Verify(playerID, raw); err == nil || errors.Is(err, tables.ErrLaterFormat) {
			t.Errorf("%s: Verify returned %v", name, err)
		}
	}
}

// A game's history is not read when its row is decoded, so a row without a checksum
// has it checked.
func TestCorruptHistoryWithoutChecksumIsRejected(t *testing.T) {
	t.Parallel()
	table := tables.Games()
	ev := schemas.Event{
		ID: schemas.EventID(gameID, 1), Type: schemas.GameCreated, Key: gameID, Seq: 1, OccurredAt: at, Region: "eu", CommandID: schemas.NewID(),
		Payload: &schemas.GameCreatedPayload{
			White: schemas.Seated{PlayerID: playerID}, Black: schemas.Seated{PlayerID: ticketID}, TimeControl: schemas.TimeControl{InitialCs: 30000},
			FEN: "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
		},
	}
	s, err := game.Apply(nil, ev)
	if err != nil {
		t.Fatal(err)
	}
	raw := withoutChecksum(table.Encode(gameID, s.Stamped(1, 0)))
	if err := table.Verify(gameID, raw); err != nil {
		t.Fatal(err)
	}
	for name, poison := range map[string][]byte{
		"another kind":    append(slices.Clone(raw[:len(raw)-2]), 0xe0, 0x00),
		"one byte more":   append(slices.Clone(raw), 0),
		"one event fewer": raw[:len(raw)-2],
	} {
		if err := table.Verify(gameID, poison); err == nil {
			t.Errorf("%s: the row is accepted", name)
		}
	}
}

// laterFrame is the frame of the first format that this release does not read.
const laterFrame = 2 + schemas.LatestFormat - schemas.OldestFormat + 1

func TestRowOfEachFormatIsReadBack(t *testing.T) {
	t.Parallel()
	for format := schemas.OldestFormat; format <= schemas.LatestFormat; format++ {
		raw := tables.Players().EncodeAs(format, playerID, fullPlayer())
		if want := byte(1 + format); raw[0] != want {
			t.Errorf("format %d has frame %d, want %d", format, raw[0], want)
		}
		got, err := tables.Players().Decode(playerID, raw)
		if err != nil || !reflect.DeepEqual(got, fullPlayer()) {
			t.Errorf("format %d was read as %+v: %v", format, got, err)
		}
		raw[len(raw)-1] ^= 1
		if err := tables.Players().Verify(playerID, raw); err == nil {
			t.Errorf("format %d: a changed row is accepted", format)
		}
	}
}

func TestHeadOfALaterFormatIsRead(t *testing.T) {
	t.Parallel()
	later := tables.Players().Encode(playerID, fullPlayer())
	want, err := tables.PeekHead(later)
	if err != nil {
		t.Fatal(err)
	}
	later[0] = laterFrame
	if got, err := tables.PeekHead(later); !errors.Is(err, tables.ErrLaterFormat) || got != want {
		t.Errorf("got %+v: %v, want %+v", got, err, want)
	}
}

func TestRowOfALaterFormatIsNotCorrupt(t *testing.T) {
	t.Parallel()
	later := tables.Players().Encode(playerID, fullPlayer())
	later[0] = laterFrame
	for name, err := range map[string]error{
		"Verify": tables.Players().Verify(playerID, later),
		"Decode": func() error { _, err := tables.Players().Decode(playerID, later); return err }(),
		"PeekHead": func() error {
			_, err := tables.PeekHead(append(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte{31}, 1), ^uint64(0)), "anything"...))
			return err
		}(),
	} {
		if !errors.Is(err, tables.ErrLaterFormat) {
			t.Errorf("%s returned %v", name, err)
		}
	}
	secondGeneration := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte{laterFrame}, 1), uint64(schemas.Place(2, 7)))
	if _, err := tables.PeekHead(append(secondGeneration, "anything"...)); !errors.Is(err, tables.ErrLaterFormat) {
		t.Errorf("a row of the second generation: %v", err)
	}
}

func TestPanicOfADecoderIsAnError(t *testing.T) {
	t.Parallel()
	table := tables.Players()
	table.DecodeBody = func(string, schemas.Head, []byte) (*player.State, error) { panic("a bug") }
	if s, err := table.Decode(playerID, tables.Players().Encode(playerID, fullPlayer())); err == nil || s != nil {
		t.Fatalf("decoded as %+v: %v", s, err)
	}
}
