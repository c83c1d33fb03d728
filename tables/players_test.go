package tables_test

import (
	"bytes"
	"os"
	"reflect"
	"testing"

	"tabiya/internal/core/player"
	"tabiya/schemas"
	"tabiya/tables"
)

const (
	playerID = "0190b3a1-0000-7000-8000-00000000000a"
	gameID   = "0190b3a1-0000-7000-8000-000000000001"
	ticketID = "0190b3a1-0000-7000-8000-0000000000ca"
	at       = schemas.Time(1_795_449_270_123)
)

var namedGame = schemas.NamedGame{
	GameID: gameID, WhiteID: playerID, BlackID: ticketID, TimeControl: schemas.TimeControl{InitialCs: 18000, IncrementCs: 200},
	Rated: true, FEN: "8/8/4k3/8/8/4K2R/8/8 b - - 0 1", Private: true, RematchOf: playerID, Deadline: at,
}

func fullPlayer() *player.State {
	event := func(t schemas.EventType, seq int64, payload any) schemas.Event {
		return schemas.Event{
			ID: schemas.EventID(playerID, seq), Type: t, Key: playerID, Seq: seq, OccurredAt: at,
			Region: "eu", CommandID: schemas.DerivedID(playerID, "c", seq), Payload: payload,
		}
	}
	return &player.State{
		Version: 7, Offset: 41, ID: playerID, Handle: "Łukasz", Country: "PL", Region: "eu", Revision: 3, Closed: true, Seq: 4,
		Ratings: []player.Rating{
			{Speed: schemas.Blitz, Rating: 1512.25, Deviation: 80.5, Volatility: 0.059999, Games: 12, At: at},
			{Speed: schemas.UltraBullet, Rating: 900, Deviation: 500, Volatility: 0.09, Games: 1, At: at},
		},
		Seat: player.Seat{
			Status: player.Playing, Queue: "eu/3+0/0", TicketID: ticketID, Attempt: 2, GameID: gameID,
			Handle: "lukasz", Rating: 1500, Deviation: 90, Joined: 30, Entered: 35,
			Game: &schemas.SeatedGame{
				Color: schemas.White, OpponentID: gameID, OpponentHandle: "Zoë", OpponentRating: 1600.25,
				TimeControl: schemas.TimeControl{InitialCs: 18000, IncrementCs: 200}, Rated: true,
			},
		},
		Accepted: []player.Accepted{{Key: 1 << 63, Print: 7, Seq: 1, Offset: 2}, {Key: 5, Offset: 1 << 40}},
		Games:    []uint64{1, 1 << 63},
		Missed:   player.Missed{Games: 3, At: at},
		Asked:    []player.Asked{{Ticket: 1 << 63, Until: at, Refused: schemas.AccountClosed, Offset: 40}, {Ticket: 7, Until: at + 1, Offset: 41}},
		Outbox: []player.Sent{
			{Offset: 1, Event: event(schemas.PlayerRegistered, 1, &schemas.PlayerFacts{Handle: "lukasz"})},
			{Offset: 9, Event: event(schemas.PlayerUpdated, 2, &schemas.PlayerFacts{Handle: "Łukasz", Country: "PL"})},
			{Offset: 20, Event: event(schemas.PlayerRated, 3, &schemas.PlayerRatedPayload{
				GameID: gameID, Speed: schemas.Blitz, Rating: 1512.25, Deviation: 80.5, Volatility: 0.059999, Change: -3.5, Games: 12,
				Basis: &schemas.RatingBasis{
					Parameters: 2, Rating: 1515.75, Deviation: 81, Volatility: 0.06, SinceLastMs: 1 << 40,
					OpponentID: playerID, OpponentRating: 1600, OpponentDeviation: 45, Score: 0.5,
				},
			})},
			{Offset: 41, Event: event(schemas.PlayerClosed, 4, &schemas.PlayerClosedPayload{})},
		},
	}
}

func TestPlayerRowRoundTrip(t *testing.T) {
	t.Parallel()
	waiting := fullPlayer()
	waiting.Seat.Status, waiting.Seat.GameID, waiting.Seat.Game = player.Queued, "", nil
	waiting.Seat.Holder, waiting.Seat.Since, waiting.Seat.Again = gameID, at, true
	named := fullPlayer()
	named.Seat = player.Seat{Status: player.Queued, Queue: "eu/named/3", TicketID: ticketID, Attempt: 1, Named: &namedGame}
	otherIDs := fullPlayer()
	otherIDs.Seat.TicketID, otherIDs.Seat.GameID = "not-a-uuid", "G"
	signedOut := fullPlayer()
	for n, p := range []*schemas.SessionsEndedPayload{{NotBefore: 1764244800123}, {TokenID: ticketID, IssuedAt: 1764244800000}} {
		e := signedOut.Outbox[3].Event
		e.Type, e.Seq, e.ID, e.Payload = schemas.SessionsEnded, int64(5+n), schemas.EventID(playerID, int64(5+n)), p
		signedOut.Outbox = append(signedOut.Outbox, player.Sent{Offset: 50, Event: e})
	}
	for name, s := range map[string]*player.State{
		"full": fullPlayer(), "signed out": signedOut, "queued": waiting, "seated for a named game": named, "ids that are not UUIDs": otherIDs,
		"new": {Version: 1, ID: playerID, Handle: "a", Region: "eu", Revision: 1},
	} {
		raw := tables.Players().Encode(playerID, s)
		again, err := tables.Players().Decode(playerID, raw)
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%s: decoded as %+v: %v", name, again, err)
		}
		for n := range raw {
			if _, err := tables.Players().Decode(playerID, raw[:n]); err == nil {
				t.Fatalf("%s: decoded the first %d of %d bytes", name, n, len(raw))
			}
		}
		t.Logf("%s: %d bytes", name, len(raw))
	}
}

func FuzzPlayerRow(f *testing.F) {
	f.Add(withoutChecksum(tables.Players().Encode(playerID, fullPlayer())))
	f.Add(withoutChecksum(tables.Players().Encode(playerID, &player.State{ID: playerID, Handle: "a", Region: "eu"})))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := tables.Players().Decode(playerID, raw)
		if err != nil {
			return
		}
		once := tables.Players().Encode(playerID, s)
		again, err := tables.Players().Decode(playerID, once)
		if err != nil {
			t.Fatalf("decode an encoded row: %v", err)
		}
		if !bytes.Equal(tables.Players().Encode(playerID, again), once) {
			t.Fatal("a decoded row is encoded to other bytes")
		}
	})
}

// testdata/player-without-basis.row was written by the code of before the basis.
func TestPlayerRowWithoutBasisIsRead(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/player-without-basis.row")
	if err != nil {
		t.Fatal(err)
	}
	want := fullPlayer()
	want.Outbox[2].Event.Payload.(*schemas.PlayerRatedPayload).Basis = nil
	want.Seat.Game, want.Asked, want.Missed = nil, nil, player.Missed{}
	got, err := tables.Players().Decode(playerID, raw)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v: %v", got, err)
	}
}

// testdata/player-without-named.row was written by the code of before named games.
func TestPlayerRowWithoutNamedGamesIsRead(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/player-without-named.row")
	if err != nil {
		t.Fatal(err)
	}
	want := fullPlayer()
	want.Seat.Status, want.Seat.GameID, want.Seat.Game, want.Asked, want.Missed = player.Queued, "", nil, nil, player.Missed{}
	got, err := tables.Players().Decode(playerID, raw)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v: %v", got, err)
	}
}
