package check_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tabiya/internal/core/rules"
	"tabiya/schemas"
	"tabiya/test/check"
)

// sample is what an honest platform would hold, and have told its clients.
type sample struct {
	log      check.Log
	raw      []check.RawLine
	events   []check.EventRow
	games    []check.GameRow
	postgres []check.PostgresGame
	ratings  []check.RatingRow
	answers  []check.Answer
	streams  []check.Stream
	accounts []string
}

const game, white, black = "019e0000-0000-7000-8000-000000000001", "white", "black"

func (s *sample) append(topic, key, command string, kind schemas.EventType, payload any) schemas.Event {
	seq, offset := int64(1), int64(0)
	for _, r := range s.log {
		if r.Topic == topic {
			offset++
			if r.Key == key {
				seq++
			}
		}
	}
	ev := schemas.Event{
		ID: schemas.EventID(key, seq), Type: kind, Key: key, Seq: seq, OccurredAt: schemas.Time(1000 * seq),
		Region: "eu", CommandID: command, Payload: payload,
	}
	body, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	value := string(ev.Record().Value)
	s.log = append(s.log, check.Event{Topic: topic, Offset: offset, Value: value, Body: string(body), Event: ev})
	s.raw = append(s.raw, check.RawLine{Place: "topic=" + topic + " region=eu partition=00000", Value: value})
	s.events = append(s.events, check.EventRow{
		EventID: ev.ID, EventType: string(kind), Topic: topic, Offset: offset, Seq: seq,
		CommandID: command, Payload: string(body), Region: "eu",
	})
	return ev
}

func honest() *sample {
	s := &sample{}
	for _, id := range []string{white, black} {
		s.append(schemas.PlayerEvents, id, "register-"+id, schemas.PlayerRegistered, &schemas.PlayerFacts{Handle: id})
		s.accounts = append(s.accounts, id)
	}
	seats := [2]schemas.Seated{{PlayerID: white}, {PlayerID: black}}
	s.append(schemas.GameEvents, game, "create", schemas.GameCreated, &schemas.GameCreatedPayload{White: seats[0], Black: seats[1], FEN: rules.StartFEN})
	s.append(schemas.GameEvents, game, "create", schemas.GameStarted, &schemas.GameStartedPayload{})
	s.answers = append(s.answers, check.Answer{CommandID: "create", GameID: game, Type: schemas.GameCreated, Outcome: check.Accepted, Seq: 1})
	moves, position := []string{"e2e4", "e7e5", "g1f3", "b8c6"}, rules.Start()
	for i, uci := range moves {
		turn := position.Turn()
		next, san, err := position.Play(uci)
		if err != nil {
			panic(err)
		}
		position = next
		command := "move-" + strconv.Itoa(i+1)
		ev := s.append(schemas.GameEvents, game, command, schemas.MoveMade, &schemas.MoveMadePayload{
			Ply: i + 1, Color: turn, UCI: uci, SAN: san, FEN: next.FEN(), Clock: schemas.Clock{ElapsedCs: 30, ChargedCs: 20, CompensatedCs: 10},
		})
		s.answers = append(s.answers, check.Answer{CommandID: command, GameID: game, Type: schemas.MoveMade, UCI: uci, Outcome: check.Accepted, Seq: ev.Seq})
	}
	s.answers = append(s.answers,
		check.Answer{CommandID: "early", GameID: game, Type: schemas.MoveMade, UCI: "a7a6", Outcome: check.Refused},
		check.Answer{CommandID: "cut-off", GameID: game, Type: schemas.MoveMade, UCI: "a7a5", Outcome: check.Unknown},
		check.Answer{CommandID: "resign", GameID: game, Type: schemas.GameResigned, Outcome: check.Unknown})
	over := &schemas.GameOver{
		White: seats[0], Black: seats[1], Result: schemas.BlackWins, Termination: schemas.Resignation,
		Plies: 4, Moves: moves, ClocksCs: []int64{4, 3, 2, 1}, FEN: position.FEN(),
	}
	end := s.append(schemas.GameEvents, game, "resign", schemas.GameResigned, over)
	s.games = []check.GameRow{{
		GameID: game, Result: string(over.Result), Termination: string(over.Termination), WhiteID: white, BlackID: black,
		Moves: moves, ClocksCs: []int32{4, 3, 2, 1}, EventID: end.ID,
	}}
	s.postgres = []check.PostgresGame{{
		ID: game, Result: string(over.Result), Termination: string(over.Termination), WhiteID: white, BlackID: black,
		Plies: 4, Moves: strings.Join(moves, " "), ClocksCs: over.ClocksCs, EventID: end.ID, Players: []string{white, black},
	}}
	for i, id := range []string{white, black} {
		r := schemas.PlayerRatedPayload{GameID: game, Speed: schemas.Blitz, Rating: 1500.5 + float64(i), Deviation: 300.25, Games: 1}
		s.append(schemas.PlayerEvents, id, "rate-"+id, schemas.PlayerRated, &r)
		s.ratings = append(s.ratings, check.RatingRow{PlayerID: id, GameID: game, Speed: string(r.Speed), Rating: r.Rating, Deviation: r.Deviation, Games: 1})
	}
	stream := check.Stream{GameID: game}
	for _, r := range s.log {
		if r.Key == game {
			stream.Events = append(stream.Events, r.Value)
		}
	}
	s.streams = []check.Stream{stream, {GameID: game, Events: stream.Events[:3]}, {GameID: game}}
	return s
}

func (s *sample) findings() []check.Finding {
	return slices.Concat(s.log.Order(), s.log.Games(), s.log.Raw(s.raw), s.log.Parquet(s.events, s.games), s.log.Postgres(s.postgres), s.log.Ratings(s.ratings),
		s.log.Answers(s.answers), s.log.Streams(s.streams), s.log.Accounts(s.accounts))
}

func TestHonestPlatformHasNoFindings(t *testing.T) {
	t.Parallel()
	if found := honest().findings(); len(found) > 0 {
		t.Errorf("%v", found)
	}
}

// event returns the nth event of the game, from 1.
func (s *sample) event(n int) *check.Event { return &s.log[1+n] }

func (s *sample) move(n int) *schemas.MoveMadePayload {
	return s.event(n + 2).Payload.(*schemas.MoveMadePayload)
}

func remove[S ~[]T, T any](from *S, n int) { *from = slices.Delete(slices.Clone(*from), n, n+1) }

func double[S ~[]T, T any](in *S, n int) { *in = slices.Insert(slices.Clone(*in), n, (*in)[n]) }

func swap[T any](in []T, i, j int) { in[i], in[j] = in[j], in[i] }

// Each forgery is found by the check of its name.
func TestForgeryIsFound(t *testing.T) {
	t.Parallel()
	forgeries := []struct {
		check, name string
		forge       func(*sample)
	}{
		{"order", "an event lost", func(s *sample) { remove(&s.log, 4) }},
		{"order", "an event doubled", func(s *sample) { double(&s.log, 4) }},
		{"order", "two events swapped", func(s *sample) { swap(s.log, 4, 5) }},
		{"order", "a wrong event id", func(s *sample) { s.event(3).ID = schemas.EventID(game, 99) }},
		{"order", "an event on another partition", func(s *sample) { s.event(5).Partition = 3 }},
		{"order", "an event after the end", func(s *sample) {
			s.append(schemas.GameEvents, game, "late", schemas.PlayerLeft, &schemas.PlayerLeftPayload{})
		}},

		{"games", "an illegal move", func(s *sample) { s.move(3).UCI = "e1e5" }},
		{"games", "another move", func(s *sample) { s.move(3).UCI = "d2d4" }},
		{"games", "a wrong FEN", func(s *sample) { s.move(3).FEN = rules.StartFEN }},
		{"games", "a wrong SAN", func(s *sample) { s.move(3).SAN = "Nh3" }},
		{"games", "a wrong ply", func(s *sample) { s.move(3).Ply = 7 }},
		{"games", "a wrong side", func(s *sample) { s.move(3).Color = schemas.Black }},
		{"games", "more time charged than passed", func(s *sample) { s.move(3).Clock.ChargedCs = 31 }},
		{"games", "a terminal event with other moves", func(s *sample) { s.event(7).Payload.(*schemas.GameOver).Moves[0] = "d2d4" }},
		{"games", "a move in a game that was not created", func(s *sample) { remove(&s.log, 2) }},

		{"raw", "a line lost", func(s *sample) { remove(&s.raw, 4) }},
		{"raw", "a line doubled", func(s *sample) { double(&s.raw, 4) }},
		{"raw", "a line altered", func(s *sample) { s.raw[4].Value = strings.Replace(s.raw[4].Value, "eu", "us", 1) }},
		{"raw", "two lines swapped", func(s *sample) { swap(s.raw, 4, 5) }},
		{"raw", "a line in the file of another partition", func(s *sample) { s.raw[4].Place = "topic=game-events region=eu partition=00001" }},

		{"parquet", "a row lost", func(s *sample) { remove(&s.events, 4) }},
		{"parquet", "a row doubled", func(s *sample) { double(&s.events, 4) }},
		{"parquet", "a row's payload altered", func(s *sample) { s.events[4].Payload = "{}" }},
		{"parquet", "a row's offset altered", func(s *sample) { s.events[4].Offset++ }},
		{"parquet", "two rows swapped", func(s *sample) { swap(s.events, 4, 5) }},
		{"parquet", "a game lost", func(s *sample) { s.games = nil }},
		{"parquet", "a game doubled", func(s *sample) { double(&s.games, 0) }},
		{"parquet", "a game's clocks altered", func(s *sample) { s.games[0].ClocksCs[2] = 9 }},

		{"postgres", "a game lost", func(s *sample) { s.postgres = nil }},
		{"postgres", "a game doubled", func(s *sample) { double(&s.postgres, 0) }},
		{"postgres", "a game altered", func(s *sample) { s.postgres[0].Result = "1-0" }},
		{"postgres", "a game that has not ended", func(s *sample) {
			s.postgres = append(s.postgres, check.PostgresGame{ID: "other"})
		}},
		{"postgres", "a player's row lost", func(s *sample) { s.postgres[0].Players = []string{white} }},

		{"ratings", "a rating lost", func(s *sample) { remove(&s.ratings, 0) }},
		{"ratings", "a rating doubled", func(s *sample) { double(&s.ratings, 0) }},
		{"ratings", "a rating altered", func(s *sample) { s.ratings[1].Rating++ }},

		{"answers", "an accepted move that is not in the log", func(s *sample) { s.event(4).CommandID = "else" }},
		{"answers", "an accepted move that is in the log twice", func(s *sample) { s.event(6).CommandID = s.event(4).CommandID }},
		{"answers", "an accepted move with another seq", func(s *sample) { s.answers[1].Seq++ }},
		{"answers", "an accepted move that is another one in the log", func(s *sample) { s.answers[1].UCI = "d2d4" }},
		{"answers", "an accepted move of another game", func(s *sample) { s.answers[1].GameID = "other" }},
		{"answers", "a refused move that is in the log", func(s *sample) { s.answers[1].Outcome, s.answers[1].Seq = check.Refused, 0 }},
		{"answers", "an unknown move that is in the log twice", func(s *sample) { s.event(4).CommandID, s.event(6).CommandID = "cut-off", "cut-off" }},

		{"streams", "an event that is not in the log", func(s *sample) { remove(&s.log, 8) }},
		{"streams", "an event that is another in the log", func(s *sample) { s.event(4).Value += " " }},
		{"streams", "an event that a client missed", func(s *sample) { remove(&s.streams[0].Events, 3) }},
		{"streams", "an event that a client got twice", func(s *sample) { double(&s.streams[0].Events, 3) }},

		{"accounts", "an account that is not in the log", func(s *sample) { remove(&s.log, 0) }},
		{"accounts", "an account that is in the log twice", func(s *sample) { double(&s.log, 0) }},
	}
	for _, f := range forgeries {
		t.Run(f.check+": "+f.name, func(t *testing.T) {
			t.Parallel()
			s := honest()
			f.forge(s)
			found := s.findings()
			if !slices.ContainsFunc(found, func(one check.Finding) bool { return one.Check == f.check }) {
				t.Errorf("not found; findings: %v", found)
			}
		})
	}
}

// A lost partition gives a few findings and a count, not thousands of lines.
func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	s := honest()
	for range 1000 {
		s.append(schemas.PlayerEvents, white, "c", schemas.PlayerRated, &schemas.PlayerRatedPayload{})
	}
	if found := s.log.Raw(nil); len(found) > 30 || !strings.Contains(found[len(found)-1].What, "more") {
		t.Errorf("%d findings, the last is %s", len(found), found[len(found)-1])
	}
}
