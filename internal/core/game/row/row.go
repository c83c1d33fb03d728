package row

import (
	"encoding/binary"
	"errors"
	"fmt"

	"tabiya/internal/core/clock"
	"tabiya/schemas"
)

// Row is what is stored of a game. The fields up to History are the facts.
type Row struct {
	ID string // the key of the row, not part of the body

	Region       string
	White, Black schemas.Seated
	TimeControl  schemas.TimeControl
	Rated        bool
	Private      bool
	Queue        string
	RematchOf    string
	StartFEN     string
	Void         bool

	Seq       int64 // of the last event
	CreatedAt schemas.Time
	UpdatedAt schemas.Time // of the last event
	EndedAt   schemas.Time // 0 while the game runs
	// WaitingSince is since when the game has waited for both players after a long
	// outage; 0 if it does not.
	WaitingSince schemas.Time
	Plies        int
	FEN          string
	Clock        clock.Clock
	Result       schemas.Result
	Termination  schemas.Termination

	DrawOffer, TakebackOffer, RematchOffer schemas.Color // "" if none is pending

	Rematched     bool    // a rematch was accepted
	RematchFailed bool    // and could not be played
	Sides         [2]Side // White's and Black's

	Keys    Keys
	History History
}

// AppendTo appends the body to b.
func (r *Row) AppendTo(b []byte) []byte {
	var buf [1024]byte
	facts := r.appendFacts(buf[:0])
	b = binary.AppendUvarint(b, uint64(len(facts)))
	b = append(b, facts...)
	b = binary.AppendUvarint(b, uint64(r.Keys.hashes.len()))
	b = r.Keys.hashes.appendTo(b)
	return r.History.appendTo(b)
}

// SizeHint returns an upper bound of the length of the body, at most 160 bytes
// too high.
func (r *Row) SizeHint() int {
	const numbers = 160 // everything that is not a string, and all lengths
	strings := len(r.Region) + len(r.Queue) + len(r.FEN) + len(r.storedStart()) + len(r.RematchOf)
	for _, p := range [...]*schemas.Seated{&r.White, &r.Black} {
		strings += len(p.PlayerID) + len(p.Handle) + len(p.TicketID)
	}
	return numbers + strings + r.Keys.hashes.len() + r.History.len()
}

// Decode reads the body of the row of the game gameID. Any bytes give a Row or an
// error, but entries are checked only when they are read. The Row aliases body,
// which must not change afterwards.
func Decode(gameID string, body []byte) (Row, error) {
	facts, rest, ok := cut(body)
	if !ok {
		return Row{}, errors.New("the facts are cut short")
	}
	r := Row{ID: gameID}
	layout, err := r.readFacts(string(facts))
	if err != nil {
		return Row{}, err
	}
	keys, rest, ok := cut(rest)
	if !ok || len(keys)%8 != 0 {
		return Row{}, errors.New("the position keys are cut short")
	}
	r.Keys.hashes.base = keys
	r.History = NewHistory(gameID, r.CreatedAt)
	if err := r.History.read(rest, layout, r.Seq); err != nil {
		return Row{}, err
	}
	if r.Plies < 0 || int64(r.Plies) > r.Seq {
		return Row{}, fmt.Errorf("%d plies in %d events", r.Plies, r.Seq)
	}
	return r, nil
}

// cut reads a length, and splits that many bytes off b.
func cut(b []byte) (piece, rest []byte, ok bool) {
	n, width := binary.Uvarint(b)
	if width <= 0 || n > uint64(len(b)-width) {
		return nil, nil, false
	}
	end := width + int(n)
	return b[width:end:end], b[end:], true
}
