package pgn

import (
	"strings"

	"tabiya/schemas"
)

var resultSpelling = strings.NewReplacer(
	"\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-", // hyphens, dashes, minus
	":", "-", "½", "1/2", "0.5", "1/2", "0,5", "1/2", ".5", "1/2", " ", "",
)

// parseResult reads a result as programs write it, and returns "" if the text is none.
func parseResult(text string) schemas.Result {
	if len(text) > 16 {
		return ""
	}
	switch r := schemas.Result(resultSpelling.Replace(text)); r {
	case schemas.WhiteWins, schemas.BlackWins, schemas.Draw, schemas.NoResult:
		return r
	case "1/2":
		return schemas.Draw
	}
	return ""
}
