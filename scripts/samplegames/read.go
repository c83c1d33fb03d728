package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"tabiya/internal/core/pgn"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// sourceGame is a game of the export with what the kinds ask about it.
type sourceGame struct {
	pgn.Game
	text     string         // as it stands in the export
	moveText string         // the part of it behind the tags
	final    rules.Position // after the last move
	repeated int            // how often the final position occurred
	ending   string         // the export's own sentence, "" if it has none
}

func readGames(export string) ([]sourceGame, error) {
	var (
		games  []sourceGame
		lines  = strings.SplitAfter(export, "\n")
		reader = pgn.NewReader(strings.NewReader(export))
	)
	for {
		g, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		source, err := replayed(g)
		if err != nil {
			return nil, err
		}
		games = append(games, source)
	}
	for i := range games {
		end := len(lines)
		if i+1 < len(games) {
			end = games[i+1].Line - 1
		}
		text := strings.Join(lines[games[i].Line-1:end], "")
		games[i].text = strings.TrimRight(text, "\n") + "\n\n"
		_, games[i].moveText, _ = strings.Cut(games[i].text, "]\n\n")
		games[i].ending = endingOf(text)
	}
	return games, nil
}

func replayed(g pgn.Game) (sourceGame, error) {
	p, err := rules.ParseFEN(g.StartFEN)
	if err != nil {
		return sourceGame{}, fmt.Errorf("game %d: %w", g.Number, err)
	}
	seen := map[uint64]int{p.Key(): 1}
	for i, uci := range g.Moves {
		if p, _, err = p.Play(uci); err != nil {
			return sourceGame{}, fmt.Errorf("game %d, ply %d: %w", g.Number, i+1, err)
		}
		seen[p.Key()]++
	}
	return sourceGame{Game: g, final: p, repeated: seen[p.Key()]}, nil
}

var endings = regexp.MustCompile(`\{ ((?:White|Black) (?:resigns|left the game|wins on time|wins by checkmate)|Draw by [a-z ]+|The game is a draw)\. \}`)

// endingOf finds the last comment that says how the game ended. Moves that were
// not played may stand behind it.
func endingOf(text string) string {
	all := endings.FindAllStringSubmatch(text, -1)
	if all == nil {
		return ""
	}
	return all[len(all)-1][1]
}

func (g sourceGame) drawn() bool { return g.Result == schemas.Draw }

func (g sourceGame) onTime() bool { return g.Termination == "Time forfeit" }
