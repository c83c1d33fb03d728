package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// names replaces what leads to the players: their names, the address of the
// game and the title of the event. It maps a name to its replacement.
type names map[string]string

// newNames numbers the players by their first game.
func newNames(games []sourceGame) names {
	n := names{}
	for _, g := range games {
		for _, name := range []string{g.Tag("White"), g.Tag("Black")} {
			if _, known := n[name]; !known {
				n[name] = fmt.Sprintf("Player %03d", len(n)+1)
			}
		}
	}
	return n
}

func (n names) replaceAll(games []sourceGame) string {
	var b strings.Builder
	for _, g := range games {
		b.WriteString(n.replace(g))
	}
	return b.String()
}

var (
	tagLine    = regexp.MustCompile(`(?m)^\[(White|Black|Site|Event) "(.*)"\]$`)
	plainEvent = regexp.MustCompile(`^(Rated|Casual) \w+ game$`)
)

// replace returns the text of a game without its names.
func (n names) replace(g sourceGame) string {
	return tagLine.ReplaceAllStringFunc(g.text, func(line string) string {
		tag := tagLine.FindStringSubmatch(line)
		value := tag[2]
		switch tag[1] {
		case "Site":
			value = "https://lichess.org"
		case "Event":
			value = eventOf(value)
		default:
			value = n[g.Tag(tag[1])]
		}
		return fmt.Sprintf("[%s %q]", tag[1], value)
	})
}

// eventOf keeps the titles that lichess gives and replaces those people gave.
func eventOf(title string) string {
	switch {
	case plainEvent.MatchString(title):
		return title
	case strings.Contains(title, "simul"):
		return "Simultaneous exhibition"
	}
	return "Tournament"
}

// checkNames returns an error if the name of any player of the games, in
// whatever case, or the address of a game remains in the text.
func checkNames(games []sourceGame, text string) error {
	lower := strings.ToLower(text)
	for name := range newNames(games) {
		if strings.Contains(lower, strings.ToLower(name)) {
			return fmt.Errorf("the name %q remains", name)
		}
	}
	if strings.Contains(lower, "lichess.org/") {
		return errors.New("the address of a game remains")
	}
	return nil
}
