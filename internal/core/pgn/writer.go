package pgn

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// lineWidth is the maximum length of a line of moves (PGN specification, 4.3).
const lineWidth = 80

// Changes are by how much a game changed its players' ratings; nil is unknown or not
// rated.
type Changes struct {
	White, Black *float64
}

// Append appends a finished game to b: the seven tag roster and more tags, then each
// move with the mover's clock after it. Returns an error if a move is not legal.
func Append(b []byte, gameID string, g *schemas.GameOver, changes Changes) ([]byte, error) {
	for _, t := range tagsOf(gameID, g, changes) {
		b = append(b, '[')
		b = append(b, t.Name...)
		b = append(b, ` "`...)
		b = appendEscaped(b, t.Value)
		b = append(b, "\"]\n"...)
	}
	w := wrapper{b: append(b, '\n')}
	position, err := rules.ParseFEN(g.StartFEN)
	if err != nil {
		return nil, fmt.Errorf("write PGN of game %s: %w", gameID, err)
	}
	for i, uci := range g.Moves {
		next, san, err := position.Play(uci)
		if err != nil {
			return nil, fmt.Errorf("write PGN of game %s, ply %d: %w", gameID, i+1, err)
		}
		clock := ""
		if i < len(g.ClocksCs) {
			clock = clockText(g.ClocksCs[i])
		}
		w.move(position, san, clock, i == 0)
		position = next
	}
	w.word(string(g.Result))
	return append(w.b, '\n'), nil
}

func tagsOf(gameID string, g *schemas.GameOver, changes Changes) []Tag {
	kind := "Casual"
	if g.Rated {
		kind = "Rated"
	}
	start, tc := g.CreatedAt.Std(), g.TimeControl
	date := start.Format("2006.01.02")
	tags := []Tag{
		{"Event", kind + " " + string(g.Speed) + " game"}, {"Site", "Tabiya"}, {"Date", date}, {"Round", "-"},
		{"White", g.White.Handle}, {"Black", g.Black.Handle}, {"Result", string(g.Result)},
		{"GameId", gameID}, {"UTCDate", date}, {"UTCTime", start.Format("15:04:05")},
		{"WhiteElo", strconv.FormatFloat(g.White.Rating, 'f', 0, 64)}, {"BlackElo", strconv.FormatFloat(g.Black.Rating, 'f', 0, 64)},
	}
	if changes.White != nil {
		tags = append(tags, Tag{"WhiteRatingDiff", ratingDiff(g.White.Rating, *changes.White)})
	}
	if changes.Black != nil {
		tags = append(tags, Tag{"BlackRatingDiff", ratingDiff(g.Black.Rating, *changes.Black)})
	}
	tags = append(tags, []Tag{
		{"TimeControl", seconds(tc.InitialCs) + "+" + seconds(tc.IncrementCs)}, {"Termination", terminationTag(g.Termination)},
	}...)
	if g.StartFEN != rules.StartFEN {
		tags = append(tags, Tag{"SetUp", "1"}, Tag{"FEN", g.StartFEN})
	}
	return tags
}

// ratingDiff is a change in whole points with its sign, as lichess writes it: the
// difference of the rounded ratings, so that Elo and Diff add up.
func ratingDiff(before, change float64) string {
	return fmt.Sprintf("%+.0f", math.Round(before+change)-math.Round(before))
}

// terminationTag is the Termination tag (PGN specification, 9.8.1), spelled as on
// lichess.
func terminationTag(t schemas.Termination) string {
	switch t {
	case schemas.TimeForfeit, schemas.TimeVsInsufficient:
		return "Time forfeit"
	case schemas.AbortedByPlayer, schemas.FirstMoveExpired, schemas.MatchExpired, schemas.LongOutage, schemas.Abandoned:
		return "Abandoned"
	default:
		return "Normal"
	}
}

// seconds writes centiseconds as seconds, with a fraction only if there is one.
func seconds(cs int64) string {
	return strconv.FormatFloat(float64(cs)/100, 'f', -1, 64)
}

// clockText is the %clk command of a clock, with centiseconds.
func clockText(cs int64) string {
	if cs < 0 {
		return ""
	}
	s := fmt.Sprintf("[%%clk %d:%02d:%02d", cs/360000, cs/6000%60, cs/100%60)
	if rest := cs % 100; rest != 0 {
		s += fmt.Sprintf(".%02d", rest)
	}
	return s + "]"
}

// appendEscaped appends a tag's value with quotes and backslashes escaped. Control
// characters become spaces, so that a handle cannot end the line.
func appendEscaped(b []byte, s string) []byte {
	for _, r := range strings.ToValidUTF8(s, "?") {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = append(b, ' ')
		default:
			b = append(b, string(r)...)
		}
	}
	return b
}

// wrapper appends words, and breaks lines between them.
type wrapper struct {
	b     []byte
	width int
}

func (w *wrapper) word(s string) {
	switch {
	case w.width == 0:
	case w.width+1+len(s) > lineWidth:
		w.b = append(w.b, '\n')
		w.width = 0
	default:
		w.b = append(w.b, ' ')
		w.width++
	}
	w.b = append(w.b, s...)
	w.width += len(s)
}

// move appends a move; before is the position it was played in.
func (w *wrapper) move(before rules.Position, san, clock string, first bool) {
	switch number := strconv.Itoa(before.MoveNumber()); {
	case before.Turn() == schemas.White:
		w.word(number + ".")
	case first || clock != "":
		w.word(number + "...")
	}
	w.word(san)
	if clock != "" {
		w.word("{ " + clock + " }")
	}
}
