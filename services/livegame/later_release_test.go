package livegame_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/game"
	"tabiya/internal/eventually"
	"tabiya/schemas"
	"tabiya/services/livegame"
	"tabiya/tables"
)

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// foreignEvent is a record of game-events as another release, or anybody else, may write it.
func foreignEvent(gameID string, seq int, name, payload string) *kgo.Record {
	value := fmt.Sprintf(`{"eventId":%q,"eventType":%q,"schemaVersion":1,"gameId":%q,"seq":%d,"occurredAt":"2026-11-28T00:00:00.000Z","region":"eu","commandId":%q,"payload":%s}`,
		schemas.EventID(gameID, int64(seq)), name, gameID, seq, schemas.NewID(), payload)
	return &kgo.Record{Topic: schemas.GameEvents, Key: []byte(gameID), Value: []byte(value), Headers: []kgo.RecordHeader{
		{Key: schemas.HeaderType, Value: []byte(name)}, {Key: schemas.HeaderRegion, Value: []byte("eu")},
		{Key: schemas.HeaderFormat, Value: schemas.FormatHeader(schemas.LatestFormat + 1)},
	}}
}

// Events that this release does not know, or that no release of ours would write, cost
// their games alone: the instance goes on with all others, and says so once a type.
func TestEventsOfALaterReleaseCostTheirGamesAlone(t *testing.T) {
	t.Parallel()
	r := bareRig(t)
	logged := &lockedBuffer{}
	r.instance = r.start(func(c *livegame.Config) { c.Logger = slog.New(slog.NewTextHandler(logged, nil)) })
	r.waitReady()
	over := `{"white":{"playerId":"w","handle":"w","rating":1,"deviation":1},"black":{"playerId":"b","handle":"b","rating":1,"deviation":1},` +
		`"timeControl":{"initialCs":-1,"incrementCs":9223372036854775807},"speed":"warp","rated":true,"startFen":"","createdAt":"2026-11-28T00:00:00.000Z",` +
		`"endedAt":"2026-11-28T00:00:00.000Z","result":"3-0","termination":"struck_by_lightning","plies":-4,"moves":["e9e9"],"clocksCs":[1,2,3],"fen":"k"}`
	var foreign []*kgo.Record
	for name, payloads := range map[string][]string{
		"PiecesPainted": {`{"color":"green"}`, `null`, `7`, `{}`, `[]`},
		string(schemas.MoveMade): {
			`{}`, `{"ply":-1,"color":"green","uci":"e2e4","san":"","fen":"","clock":{}}`, `[1]`,
			`{"ply":2,"color":"black","uci":"zz","san":"O-O-O-O","fen":"8/8/8/8/8/8/8/8 x - - -1 0","clock":{"whiteCs":-9223372036854775808}}`,
			`{"ply":2,"color":"black","uci":"a1h8q","san":"Qxh8#","fen":"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR b KQkq - 0 1","clock":{}}`,
		},
		string(schemas.GameCreated):      {`{}`, `{"fen":"nothing"}`},
		string(schemas.GameStarted):      {`{"firstMoveBy":"never"}`, `{}`},
		string(schemas.TakebackAccepted): {`{}`, `{"plies":600,"fen":"x"}`},
		string(schemas.TimeAdded):        {`{"color":"green","addedCs":-5}`},
		string(schemas.PlayerLeft):       {`{"color":"green"}`},
		string(schemas.RematchAccepted):  {`{"gameId":"no"}`},
		string(schemas.GameEnded):        {over, `{}`},
		string(schemas.GameTimeout):      {over},
	} {
		for _, payload := range payloads {
			s := r.story(scholar[:2]...) // four events
			r.write(s, to(4)...)
			foreign = append(foreign, foreignEvent(s.id, 5, name, payload), foreignEvent(s.id, 6, string(schemas.PlayerReturned), `{"color":"white"}`))
			first := schemas.NewID() // also as the first thing that is heard of a game
			foreign = append(foreign, foreignEvent(first, 1, name, payload), foreignEvent(first, 2, name, payload))
		}
	}
	if err := r.producer.SendRecords(t.Context(), foreign...); err != nil {
		t.Fatal(err)
	}
	good := r.story(scholar...)
	r.write(good, to(10)...)
	eventually.True(t, "the next game is folded", func() bool {
		answer := r.do("GET", "/v1/games/"+good.id, "", "")
		return answer.status == 200 && strings.Contains(string(answer.body), `"seq":10`)
	})
	for _, rec := range foreign { // whatever is answered, nothing ends
		r.do("GET", "/v1/games/"+string(rec.Key), "", "")
	}
	if n := strings.Count(logged.String(), "PiecesPainted"); n == 0 || strings.Count(logged.String(), "type that this release does not know") != 1 {
		t.Errorf("%d lines name the unknown type:\n%s", n, logged)
	}
}

// A row whose checksum is right and whose history this release cannot read, as another
// build may write it, costs its game alone.
func TestRowsWithUnknownPartsCostTheirGamesAlone(t *testing.T) {
	t.Parallel()
	r := bareRig(t)
	var records []*kgo.Record
	for back := 1; back <= 24; back++ {
		for _, bits := range []byte{0xff, 0x80, 0x0f, 0x01} {
			s := r.story(scholar[:3]...)
			table := tables.Games()
			table.AppendBody = func(b []byte, s *game.State) []byte {
				b = game.AppendBody(b, s)
				b[len(b)-back] ^= bits
				return b
			}
			row := table.Encode(s.id, s.states[5].Stamped(5, 5))
			records = append(records, &kgo.Record{Topic: schemas.GamesTable, Key: []byte(s.id), Value: row})
			if back%2 == 0 {
				rec := s.events[3].Record()
				records = append(records, &kgo.Record{Topic: rec.Topic, Key: []byte(rec.Key), Value: rec.Value})
			}
		}
	}
	good := r.story(scholar...)
	if err := r.producer.SendRecords(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
	r.row(good, 6)
	r.instance = r.start()
	r.waitReady()
	r.write(good, 7)
	eventually.True(t, "the good game goes on", func() bool {
		answer := r.do("GET", "/v1/games/"+good.id, "", "")
		return answer.status == 200 && strings.Contains(string(answer.body), `"seq":7`)
	})
	for _, rec := range records { // its state is made from its row
		r.do("GET", "/v1/games/"+string(rec.Key), "", "")
	}
}
