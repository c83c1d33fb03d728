package tables

import (
	"encoding/binary"
	"fmt"
	"slices"

	"tabiya/internal/core/player"
	"tabiya/schemas"
)

// Players is the table of the players group: public facts, ratings and the seat.
func Players() Table[*player.State] {
	return Table[*player.State]{
		Group: schemas.PlayersGroup, Topic: schemas.PlayersTable,
		Commands: schemas.PlayerCommands, Events: schemas.PlayerEvents,
		AppendBody: appendPlayer, DecodeBody: decodePlayer,
	}
}

const (
	playerFormat = 3
	// playerFormatWithoutNamed has no seats for named games, no leases and no missed games.
	playerFormatWithoutNamed = 2
	// playerFormatWithoutBasis has no basis in PlayerRated, and no facts of the game in
	// the seat.
	playerFormatWithoutBasis = 1
)

// playerEvents lists the events of a player. A row stores an event's index in it, so
// it may only be appended to.
var playerEvents = []schemas.EventType{
	schemas.PlayerRegistered, schemas.PlayerUpdated, schemas.PlayerRated, schemas.PlayerClosed,
	schemas.SessionsEnded,
}

func appendPlayer(b []byte, s *player.State) []byte {
	b = append(b, playerFormat)
	b = appendString(b, s.Handle)
	b = appendString(b, s.Country)
	b = appendString(b, s.Region)
	b = appendInt(b, s.Revision)
	b = appendBool(b, s.Closed)
	b = appendInt(b, s.Seq)
	b = appendCount(b, len(s.Ratings))
	for _, r := range s.Ratings {
		b = appendSpeed(b, r.Speed)
		b = appendFloat(appendFloat(appendFloat(b, r.Rating), r.Deviation), r.Volatility)
		b = appendInt(appendInt(b, int64(r.Games)), int64(r.At))
	}
	b = appendSeat(b, s.Seat)
	b = appendCount(b, len(s.Accepted))
	for _, a := range s.Accepted {
		b = binary.BigEndian.AppendUint64(b, a.Key)
		b = binary.BigEndian.AppendUint32(b, a.Print)
		b = appendInt(appendInt(b, a.Seq), a.Offset)
	}
	b = appendCount(b, len(s.Games))
	for _, g := range s.Games {
		b = binary.BigEndian.AppendUint64(b, g)
	}
	b = appendInt(appendInt(b, int64(s.Missed.Games)), int64(s.Missed.At))
	b = appendCount(b, len(s.Asked))
	for _, a := range s.Asked {
		b = appendInt(binary.BigEndian.AppendUint64(b, a.Ticket), int64(a.Until))
		b = appendInt(appendRefusal(b, a.Refused), a.Offset)
	}
	b = appendCount(b, len(s.Outbox))
	for _, sent := range s.Outbox {
		b = appendSent(b, sent)
	}
	return b
}

func appendSeat(b []byte, seat player.Seat) []byte {
	b = append(b, byte(seat.Status))
	if seat.Status == player.Idle {
		return b
	}
	b = appendString(b, seat.Queue)
	b = appendID(b, seat.TicketID)
	b = appendInt(b, int64(seat.Attempt))
	b = appendID(b, seat.GameID)
	b = appendString(b, seat.Handle)
	b = appendFloat(appendFloat(b, seat.Rating), seat.Deviation)
	b = appendSeatedGame(appendInt(appendInt(b, seat.Joined), seat.Entered), seat.Game)
	b = appendInt(appendID(appendNamed(b, seat.Named), seat.Holder), int64(seat.Since))
	return appendBool(b, seat.Again)
}

func appendSeatedGame(b []byte, g *schemas.SeatedGame) []byte {
	if g == nil {
		return appendBool(b, false)
	}
	b = appendBool(appendBool(b, true), g.Color == schemas.White)
	b = appendFloat(appendString(appendID(b, g.OpponentID), g.OpponentHandle), g.OpponentRating)
	return appendBool(appendInt(appendInt(b, g.TimeControl.InitialCs), g.TimeControl.IncrementCs), g.Rated)
}

func (r *bodyReader) seatedGame() *schemas.SeatedGame {
	if !r.bool() {
		return nil
	}
	color := schemas.Black
	if r.bool() {
		color = schemas.White
	}
	return &schemas.SeatedGame{
		Color: color, OpponentID: r.id(), OpponentHandle: r.string(), OpponentRating: r.float(),
		TimeControl: schemas.TimeControl{InitialCs: r.int(), IncrementCs: r.int()}, Rated: r.bool(),
	}
}

func appendSent(b []byte, sent player.Sent) []byte {
	e := sent.Event
	b = appendInt(b, sent.Offset)
	b = append(b, byte(slices.Index(playerEvents, e.Type)))
	b = appendInt(appendInt(b, e.Seq), int64(e.OccurredAt))
	b = appendString(b, e.Region)
	b = appendID(b, e.CommandID)
	switch p := e.Payload.(type) {
	case *schemas.PlayerFacts:
		b = appendString(appendString(b, p.Handle), p.Country)
	case *schemas.PlayerRatedPayload:
		b = appendSpeed(appendID(b, p.GameID), p.Speed)
		b = appendFloat(appendFloat(appendFloat(b, p.Rating), p.Deviation), p.Volatility)
		b = appendInt(appendFloat(b, p.Change), int64(p.Games))
		b = appendBasis(b, p.Basis)
	case *schemas.SessionsEndedPayload:
		b = appendInt(appendID(appendInt(b, int64(p.NotBefore)), p.TokenID), int64(p.IssuedAt))
	}
	return b
}

func appendBasis(b []byte, basis *schemas.RatingBasis) []byte {
	if basis == nil {
		return appendBool(b, false)
	}
	b = appendInt(appendBool(b, true), int64(basis.Parameters))
	b = appendFloat(appendFloat(appendFloat(b, basis.Rating), basis.Deviation), basis.Volatility)
	b = appendID(appendInt(b, basis.SinceLastMs), basis.OpponentID)
	return appendFloat(appendFloat(appendFloat(b, basis.OpponentRating), basis.OpponentDeviation), basis.Score)
}

func (r *bodyReader) basis() *schemas.RatingBasis {
	if !r.bool() {
		return nil
	}
	return &schemas.RatingBasis{
		Parameters: int(r.int()), Rating: r.float(), Deviation: r.float(), Volatility: r.float(),
		SinceLastMs: r.int(), OpponentID: r.id(),
		OpponentRating: r.float(), OpponentDeviation: r.float(), Score: r.float(),
	}
}

func appendSpeed(b []byte, s schemas.Speed) []byte {
	return append(b, byte(slices.Index(schemas.Speeds(), s)))
}

func (r *bodyReader) speed() schemas.Speed {
	if i, all := int(r.byte()), schemas.Speeds(); i < len(all) {
		return all[i]
	}
	r.fail()
	return ""
}

func decodePlayer(key string, head schemas.Head, body []byte) (*player.State, error) {
	r := &bodyReader{b: body}
	format := r.byte()
	if format < playerFormatWithoutBasis || format > playerFormat {
		return nil, fmt.Errorf("player body has format %d, want %d", format, playerFormat)
	}
	s := &player.State{Version: head.Version, Offset: head.Offset, ID: key}
	s.Handle, s.Country, s.Region = r.string(), r.string(), r.string()
	s.Revision, s.Closed, s.Seq = r.int(), r.bool(), r.int()
	s.Ratings = list(r, 27, func() player.Rating {
		return player.Rating{
			Speed: r.speed(), Rating: r.float(), Deviation: r.float(), Volatility: r.float(),
			Games: int(r.int()), At: schemas.Time(r.int()),
		}
	})
	s.Seat = r.seat(format)
	s.Accepted = list(r, 14, func() player.Accepted {
		return player.Accepted{Key: r.uint64(), Print: r.uint32(), Seq: r.int(), Offset: r.int()}
	})
	s.Games = list(r, 8, r.uint64)
	if format > playerFormatWithoutNamed {
		s.Missed = player.Missed{Games: int(r.int()), At: schemas.Time(r.int())}
		s.Asked = list(r, 11, func() player.Asked {
			return player.Asked{Ticket: r.uint64(), Until: schemas.Time(r.int()), Refused: r.refusal(), Offset: r.int()}
		})
	}
	s.Outbox = list(r, 7, func() player.Sent { return r.sent(key, format) })
	if err := r.end(); err != nil {
		return nil, err
	}
	return s, nil
}

func (r *bodyReader) seat(format byte) player.Seat {
	status := player.Status(r.byte())
	switch status {
	case player.Idle:
		return player.Seat{}
	case player.Queued, player.Playing:
		seat := player.Seat{
			Status: status, Queue: r.string(), TicketID: r.id(), Attempt: int(r.int()), GameID: r.id(),
			Handle: r.string(), Rating: r.float(), Deviation: r.float(), Joined: r.int(), Entered: r.int(),
		}
		if format != playerFormatWithoutBasis {
			seat.Game = r.seatedGame()
		}
		if format > playerFormatWithoutNamed {
			seat.Named, seat.Holder, seat.Since, seat.Again = r.named(), r.id(), schemas.Time(r.int()), r.bool()
		}
		return seat
	}
	r.fail()
	return player.Seat{}
}

func (r *bodyReader) sent(key string, format byte) player.Sent {
	sent := player.Sent{Offset: r.int()}
	kind := int(r.byte())
	if kind >= len(playerEvents) {
		r.fail()
		return player.Sent{}
	}
	e := schemas.Event{
		Type: playerEvents[kind], Key: key, Seq: r.int(), OccurredAt: schemas.Time(r.int()),
		Region: r.string(), CommandID: r.id(),
	}
	e.ID = schemas.EventID(key, e.Seq)
	switch e.Type {
	case schemas.PlayerRated:
		p := &schemas.PlayerRatedPayload{
			GameID: r.id(), Speed: r.speed(), Rating: r.float(), Deviation: r.float(), Volatility: r.float(),
			Change: r.float(), Games: int(r.int()),
		}
		if format != playerFormatWithoutBasis {
			p.Basis = r.basis()
		}
		e.Payload = p
	case schemas.SessionsEnded:
		e.Payload = &schemas.SessionsEndedPayload{
			NotBefore: schemas.Time(r.int()), TokenID: r.id(), IssuedAt: schemas.Time(r.int()),
		}
	case schemas.PlayerClosed:
		e.Payload = &schemas.PlayerClosedPayload{}
	default:
		e.Payload = &schemas.PlayerFacts{Handle: r.string(), Country: r.string()}
	}
	sent.Event = e
	return sent
}
