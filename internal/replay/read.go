package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"tabiya/internal/core/pgn"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// game is a game of the file.
type game struct {
	number       int    // in the file, from 1
	place        string // in the file, for messages
	white, black string
	moves        []string // UCI
	result       schemas.Result
	timeForfeit  bool
	early        *earlyEnd // nil if the moves end where the file's do
}

// earlyEnd is where a game ends although its file goes on. The game's moves stop there;
// its result is the file's.
type earlyEnd struct {
	place       string // of the first move after the end
	termination schemas.Termination
	result      schemas.Result
}

// maxPlies is how many plies the platform lets a game have. It is a draw then.
const maxPlies = 600

// read sends the playable games of a file to games, at most limit of them (0: no
// limit), and calls skip for the others.
func read(ctx context.Context, file io.Reader, limit int, games chan<- game, skip func(place, reason string)) error {
	reader := pgn.NewReader(file)
	for handed := 0; limit <= 0 || handed < limit; {
		found, err := reader.Next()
		var bad *pgn.Error
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			skip(place(bad.Number, bad.Line), bad.Reason)
			continue
		case err != nil:
			return fmt.Errorf("read games: %w", err)
		}
		g := newGame(found)
		if reason := unplayable(found); reason != "" {
			skip(g.place, reason)
			continue
		}
		select {
		case games <- g:
			handed++
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

func place(number, line int) string { return fmt.Sprintf("game %d, line %d", number, line) }

func newGame(g pgn.Game) game {
	white, black := sides(g.Tag("White"), g.Tag("Black"))
	found := game{
		number: g.Number,
		place:  place(g.Number, g.Line),
		white:  white, black: black,
		moves:       g.Moves,
		result:      g.Result,
		timeForfeit: strings.EqualFold(g.Termination, "Time forfeit"),
	}
	switch end := g.EarlyEnd; {
	case len(g.Moves) > maxPlies:
		found.moves = g.Moves[:maxPlies]
		found.early = &earlyEnd{found.place, schemas.MaxPlies, schemas.Draw}
	case end != nil:
		found.early = &earlyEnd{place(g.Number, end.Line), end.Termination, end.Result}
	}
	return found
}

// sides makes the names of the two players different if they are equal or missing
// in the file, since one account cannot play both sides.
func sides(white, black string) (string, string) {
	if white == black {
		return white + " (White)", black + " (Black)"
	}
	return white, black
}

// unplayable returns why a game cannot be played on the server, "" if it can.
func unplayable(g pgn.Game) string {
	switch {
	case g.StartFEN != rules.Start().FEN():
		return "starts from a set-up position"
	case g.Result == schemas.NoResult:
		return "has no result"
	}
	return ""
}
