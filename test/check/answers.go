package check

import (
	"fmt"

	"tabiya/schemas"
)

// Outcome is what a client was told about a command.
type Outcome string

// A command whose client got no clear answer is Unknown.
const (
	Accepted Outcome = "accepted"
	Refused  Outcome = "refused"
	Unknown  Outcome = "unknown"
)

// Answer is a command about a game with its outcome.
type Answer struct {
	CommandID string
	GameID    string
	Type      schemas.EventType // the event that the command causes
	UCI       string            // of a MoveMade
	Outcome   Outcome
	Seq       int64 // of its event, if the client was told
}

// Answers compares what clients were told with the log. An accepted command caused its
// event once, with the same content; a refused one not at all; an unknown one at most
// once.
func (l Log) Answers(answers []Answer) []Finding {
	f, caused := findings{check: "answers"}, map[string][]Event{}
	for _, r := range l {
		if r.Topic == schemas.GameEvents {
			caused[r.CommandID] = append(caused[r.CommandID], r)
		}
	}
	for _, a := range answers {
		var events []Event
		told := a.Seq == 0
		for _, r := range caused[a.CommandID] { // a move can end the game, too
			told = told || r.Seq == a.Seq
			if r.Type == a.Type {
				events = append(events, r)
			}
		}
		switch {
		case len(events) > 1:
			f.addf("%s is in the log %d times", a, len(events))
		case a.Outcome == Refused && len(events) > 0:
			f.addf("%s is in the log: %s", a, events[0].Value)
		case a.Outcome == Accepted && len(events) == 0:
			f.addf("%s is not in the log", a)
		case len(events) == 1 && !a.caused(events[0]), a.Outcome == Accepted && !told:
			f.addf("%s is in the log as %s", a, events[0].Value)
		}
	}
	return f.list()
}

// caused reports whether an event has the content that the client asked for.
func (a Answer) caused(r Event) bool {
	move, ok := r.Payload.(*schemas.MoveMadePayload)
	return r.Key == a.GameID && (!ok || move.UCI == a.UCI)
}

func (a Answer) String() string {
	return fmt.Sprintf("%s %s %s of game %s (command %s, seq %d)", a.Outcome, a.Type, a.UCI, a.GameID, a.CommandID, a.Seq)
}

// Stream is the events of a game that a client has joined over its connections.
type Stream struct {
	GameID string
	Events []string
}

// Streams verifies that the joined events of each client are the game's events in the
// log, byte for byte and from the first. A client may have stopped before the last.
func (l Log) Streams(streams []Stream) []Finding {
	f, games := findings{check: "streams"}, map[string][]string{}
	for _, r := range l {
		if r.Topic == schemas.GameEvents {
			games[r.Key] = append(games[r.Key], r.Value)
		}
	}
	for _, s := range streams {
		want := games[s.GameID]
		for i, got := range s.Events {
			if i >= len(want) {
				f.addf("game %s: a client got %d events, the log has %d; the next is %.300s", s.GameID, len(s.Events), len(want), got)
				break
			}
			if got != want[i] {
				f.addf("game %s: a client's event %d is %.300s, the log has %.300s", s.GameID, i+1, got, want[i])
				break
			}
		}
	}
	return f.list()
}

// Accounts verifies that each account that a client was told of is registered once.
func (l Log) Accounts(ids []string) []Finding {
	f, registered := findings{check: "accounts"}, map[string]int{}
	for _, r := range l {
		if r.Type == schemas.PlayerRegistered {
			registered[r.Key]++
		}
	}
	for _, id := range ids {
		if n := registered[id]; n != 1 {
			f.addf("account %s is registered %d times", id, n)
		}
	}
	return f.list()
}
