package games

import (
	"bytes"
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"tabiya/internal/core/game"
	"tabiya/processors"
	"tabiya/schemas"
	"tabiya/tables"
)

const (
	gameID  = "0190b3a1-0000-7000-8000-000000000001"
	whiteID = "0190b3a1-0000-7000-8000-00000000000a"
	blackID = "0190b3a1-0000-7000-8000-00000000000b"
	epoch   = schemas.Time(1_700_000_000_123)
)

var _ processors.Core[*game.State] = Core{}

// judged is a command as it lay in the partition, and what it caused.
type judged struct {
	cmd    schemas.Command
	at     schemas.Time
	offset int64
	out    []schemas.Message
}

// partition feeds commands to the Core as Run does: rows go through the table's
// codec, and a command at or below the row's offset is a replay.
type partition struct {
	t     *testing.T
	core  Core
	raw   []byte
	at    schemas.Time
	log   []judged
	count int64
}

func (p *partition) row() *game.State {
	p.t.Helper()
	if p.raw == nil {
		return nil
	}
	row, err := tables.Games().Decode(gameID, p.raw)
	if err != nil {
		p.t.Fatal(err)
	}
	return row
}

func (p *partition) command(t schemas.CommandType, actor string, payload any) schemas.Command {
	p.count++
	return schemas.Command{ID: schemas.DerivedID(gameID, "test", p.count), Type: t, Key: gameID, Region: "eu", Actor: actor, Payload: payload}
}

func (p *partition) send(cmd schemas.Command) []schemas.Message {
	p.t.Helper()
	p.at += 1000
	j := judged{cmd: cmd, at: p.at, offset: int64(len(p.log))}
	row := p.row()
	next, changed, out := p.core.Decide(row, cmd, p.at, j.offset)
	if changed {
		if next == nil {
			p.raw = nil
		} else {
			had := int64(0)
			if row != nil {
				had = row.Head().Version
			}
			if next.Head() != (schemas.Head{Version: had + 1, Offset: j.offset}) {
				p.t.Fatalf("%s left the row at %+v", cmd.Type, next.Head())
			}
			p.raw = tables.Games().Encode(next)
		}
	}
	j.out = out
	p.log = append(p.log, j)
	return out
}

func (p *partition) move(actor, uci string) []schemas.Message {
	p.t.Helper()
	return p.send(p.command(schemas.PlayMove, actor, &schemas.PlayMovePayload{UCI: uci}))
}

func newPartition(t *testing.T) *partition {
	return &partition{t: t, at: epoch}
}

func (p *partition) create() []schemas.Message {
	p.t.Helper()
	return p.send(p.command(schemas.CreateGame, schemas.ActorSystem, &schemas.CreateGamePayload{
		White: schemas.Seated{PlayerID: whiteID, Handle: "anna", Rating: 1500, Deviation: 90, TicketID: schemas.DerivedID("a", "t", 1), Attempt: 1},
		Black: schemas.Seated{PlayerID: blackID, Handle: "bo", Rating: 1510, Deviation: 80, TicketID: schemas.DerivedID("b", "t", 1), Attempt: 1}, Rated: true,
		TimeControl: schemas.TimeControl{InitialCs: 18000}, Queue: "eu/3+0/0",
	}))
}

func kinds(out []schemas.Message) string {
	var names []string
	for _, m := range out {
		names = append(names, m.Record().Type)
	}
	return strings.Join(names, " ")
}

func expect(t *testing.T, out []schemas.Message, want string) {
	t.Helper()
	if got := kinds(out); got != want {
		t.Fatalf("%q, want %q", got, want)
	}
}

func code(t *testing.T, out []schemas.Message) schemas.Code {
	t.Helper()
	if len(out) != 1 {
		t.Fatalf("%q, want one reply", kinds(out))
	}
	r, ok := out[0].(schemas.Reply)
	if !ok {
		t.Fatalf("%T, want a reply", out[0])
	}
	return r.Code
}

// deadline is what the row waits for, with the command that comes then.
func (p *partition) deadline() (at schemas.Time, cmd schemas.Command, afterCommit, ok bool) {
	at, then, afterCommit, ok := p.core.Deadline(gameID, p.row())
	return at, then(), afterCommit, ok
}

// replayAll is a crash after which every command comes again, against the last
// row: all that was written must be written again, byte for byte, and nothing
// else but answers.
func (p *partition) replayAll() {
	p.t.Helper()
	row := p.row()
	for _, j := range p.log {
		if j.offset > row.Head().Offset {
			next, changed, out := p.core.Decide(p.row(), j.cmd, j.at, j.offset)
			if changed || next.Head() != row.Head() {
				p.t.Fatalf("%s at %d changed the row when it came again", j.cmd.Type, j.offset)
			}
			p.same(j, out)
			continue
		}
		p.same(j, p.core.Replay(p.row(), j.cmd, j.at, j.offset))
	}
}

func (p *partition) same(j judged, again []schemas.Message) {
	p.t.Helper()
	facts := func(out []schemas.Message) (written [][]byte) {
		for _, m := range out {
			if r := m.Record(); r.Topic != schemas.CommandReplies {
				written = append(written, append([]byte(r.Topic+r.Key), r.Value...))
			}
		}
		return written
	}
	if want, got := facts(j.out), facts(again); !reflect.DeepEqual(got, want) {
		p.t.Fatalf("%s at %d came again as\n%s\nwant\n%s", j.cmd.Type, j.offset, bytes.Join(got, []byte("\n")), bytes.Join(want, []byte("\n")))
	}
	if len(again) != len(j.out) {
		p.t.Fatalf("%s at %d was answered %q, then %q", j.cmd.Type, j.offset, kinds(j.out), kinds(again))
	}
}

func TestAWholeGameComesAgainByteForByteAfterACrash(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	expect(t, p.create(), "GameCreated GameStarted SeatInGame SeatInGame ConfirmMatch")
	expect(t, p.move(whiteID, "f2f3"), "MoveMade")
	p.replayAll()
	expect(t, p.move(blackID, "e7e5"), "MoveMade")
	expect(t, p.send(p.command(schemas.OfferDraw, whiteID, nil)), "DrawOffered")
	expect(t, p.send(p.command(schemas.DeclineDraw, blackID, nil)), "DrawDeclined")
	p.replayAll()
	expect(t, p.move(whiteID, "g2g4"), "MoveMade")
	expect(t, p.move(whiteID, "a2a3"), "CommandRejected")
	expect(t, p.move(blackID, "d8h4"), "MoveMade GameEnded RecordResult RecordResult")
	expect(t, p.send(p.command(schemas.Resign, blackID, nil)), "CommandRejected")
	p.replayAll()
}

func TestOffersClaimsAndARematchComeAgainByteForByteAfterACrash(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	p.create()
	say := func(who string, c schemas.CommandType, payload any, want string) {
		t.Helper()
		expect(t, p.send(p.command(c, who, payload)), want)
	}
	p.move(whiteID, "e2e4")
	expect(t, p.send(p.command(schemas.PlayMove, blackID, &schemas.PlayMovePayload{UCI: "e7e5", LagCs: 20})), "MoveMade")
	expect(t, p.send(p.command(schemas.PlayMove, whiteID, &schemas.PlayMovePayload{UCI: "g1f3", LagCs: 20})), "MoveMade")
	say(whiteID, schemas.OfferTakeback, nil, "TakebackOffered")
	say(blackID, schemas.DeclineTakeback, nil, "TakebackDeclined")
	say(blackID, schemas.AddTime, nil, "TimeAdded")
	p.replayAll()
	say(blackID, schemas.OfferTakeback, nil, "TakebackOffered")
	say(blackID, schemas.OfferTakeback, nil, "CommandRejected")
	flag := p.row().FlagAt()
	say(whiteID, schemas.AcceptTakeback, nil, "TakebackAccepted")
	if at, cmd, _, ok := p.deadline(); !ok || cmd.Type != schemas.CheckFlag || at != p.row().FlagAt() || at == flag {
		t.Fatalf("the timer stands at %v after the takeback, before at %v", at, flag)
	}
	p.replayAll()
	p.move(blackID, "c7c5")
	p.move(whiteID, "g1f3")
	say(schemas.ActorSystem, schemas.MarkGone, &schemas.MarkGonePayload{Color: schemas.Black, Left: true}, "PlayerLeft")
	say(schemas.ActorSystem, schemas.MarkGone, &schemas.MarkGonePayload{Color: schemas.Black}, "")
	gone := p.row().GoneSince(schemas.Black)
	say(whiteID, schemas.ClaimVanished, &schemas.ClaimVanishedPayload{As: schemas.ClaimWin, GoneSince: gone, KnownAt: gone}, "CommandRejected")
	p.at += 10_000
	say(whiteID, schemas.ClaimVanished, &schemas.ClaimVanishedPayload{As: schemas.ClaimWin, GoneSince: gone, KnownAt: gone}, "GameEnded RecordResult RecordResult")
	p.replayAll()
	p.at += 100_000
	say(blackID, schemas.OfferRematch, nil, "RematchOffered")
	say(whiteID, schemas.AcceptRematch, nil, "RematchAccepted CreateGame")
	say(whiteID, schemas.AcceptRematch, nil, "CommandRejected")
	p.replayAll()
	if at, cmd, _, ok := p.deadline(); !ok || cmd.Type != schemas.EvictGame || at != p.row().UpdatedAt.Add(DefaultLinger) {
		t.Fatalf("%s at %v: a rematch that was just accepted goes with the game", cmd.Type, at)
	}
}

// The quiet one: Black's move was refused out of turn, then White's was
// accepted; against the row after that, Black's would be legal.
func TestARefusedCommandBehindAnAcceptedOneStaysRefused(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	p.create()
	early := p.command(schemas.PlayMove, blackID, &schemas.PlayMovePayload{UCI: "e7e5"})
	if got := code(t, p.send(early)); got != schemas.CodeNotYourTurn {
		t.Fatal(got)
	}
	p.move(whiteID, "e2e4")
	j := p.log[1]
	if got := code(t, p.core.Replay(p.row(), j.cmd, j.at, j.offset)); got != schemas.CodeNotAccepted {
		t.Fatal(got)
	}
	// The same command again, in turn: accepted now, and the first stays refused.
	expect(t, p.send(early), "MoveMade")
	if got := code(t, p.core.Replay(p.row(), j.cmd, j.at, j.offset)); got != schemas.CodeNotAccepted {
		t.Fatal(got)
	}
	expect(t, p.send(early), "CommandRepeated")
	p.move(whiteID, "d2d4")
	p.replayAll()
}

func TestTheSystemIsNotAnswered(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	create := p.create()
	expect(t, p.send(schemas.Command{ID: p.log[0].cmd.ID, Type: schemas.CreateGame, Key: gameID, Region: "eu", Actor: schemas.ActorSystem, Payload: p.log[0].cmd.Payload}), "")
	again := p.log[0].cmd
	again.Actor = schemas.ActorService
	expect(t, p.send(again), "CommandRepeated")
	expect(t, p.send(p.command(schemas.CheckFlag, schemas.ActorSystem, &schemas.CheckFlagPayload{})), "")
	if len(create) != 5 || p.row().Head().Version != 1 {
		t.Fatal("the row changed")
	}
}

func TestCommandsBeforeTheGameAndAfterIt(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	if got := code(t, p.move(whiteID, "e2e4")); got != schemas.CodeGameNotFound {
		t.Fatal(got)
	}
	expect(t, p.send(p.command(schemas.CheckFlag, schemas.ActorSystem, &schemas.CheckFlagPayload{})), "")
	expect(t, p.send(p.command(schemas.EvictGame, schemas.ActorSystem, nil)), "")
	if p.raw != nil {
		t.Fatal("a row without a game")
	}
	p.create()
	expect(t, p.send(p.command(schemas.EvictGame, schemas.ActorSystem, nil)), "")
	p.move(whiteID, "e2e4")
	p.move(blackID, "e7e5")
	resign := p.command(schemas.Resign, whiteID, nil)
	expect(t, p.send(resign), "GameResigned RecordResult RecordResult")
	if got := code(t, p.move(whiteID, "g1f3")); got != schemas.CodeGameOver {
		t.Fatal(got)
	}
	expect(t, p.send(resign), "CommandRepeated")
	expect(t, p.send(p.command(schemas.EvictGame, whiteID, nil)), "")
	if p.raw == nil {
		t.Fatal("a player evicted the game")
	}
	p.replayAll()
	expect(t, p.send(p.command(schemas.EvictGame, schemas.ActorSystem, nil)), "")
	if p.raw != nil {
		t.Fatal("the row is still there")
	}
	if got := code(t, p.send(resign)); got != schemas.CodeGameNotFound {
		t.Fatal(got)
	}
	if out := p.core.Replay(nil, resign, p.at, 3); out != nil {
		t.Fatal(out)
	}
}

func TestAGameAbortedBeforeItsCreationIsNeverCreated(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	expect(t, p.send(p.command(schemas.AbortGame, schemas.ActorSystem, nil)), "")
	if row := p.row(); row == nil || !row.Void {
		t.Fatal("no row refuses the creation")
	}
	expect(t, p.create(), "")
	expect(t, p.send(p.command(schemas.AbortGame, schemas.ActorSystem, nil)), "")
	if got := code(t, p.move(whiteID, "e2e4")); got != schemas.CodeGameNotFound {
		t.Fatal(got)
	}
	p.replayAll()
	at, cmd, afterCommit, ok := p.deadline()
	if !ok || !afterCommit || cmd.Type != schemas.EvictGame || at != p.log[0].at.Add(leastStay(p.row())) {
		t.Fatalf("%v %+v", at, cmd)
	}
	p.send(cmd)
	if p.raw != nil {
		t.Fatal("the row is still there")
	}
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	p.core.Linger = 5 * time.Second
	if _, _, _, ok := p.core.Deadline(gameID, nil); ok {
		t.Fatal("no row has a deadline")
	}
	p.create()
	p.move(whiteID, "e2e4")
	p.move(blackID, "e7e5")
	at, cmd, afterCommit, ok := p.deadline()
	if !ok || afterCommit || cmd.Type != schemas.CheckFlag || at != p.row().FlagAt() || !schemas.ValidID(cmd.ID) {
		t.Fatalf("%v %+v", at, cmd)
	}
	p.at = at - 2000
	expect(t, p.send(cmd), "")
	expect(t, p.send(cmd), "GameTimeout RecordResult RecordResult")
	expect(t, p.send(cmd), "")
	p.replayAll()
	at, cmd, afterCommit, ok = p.deadline()
	if !ok || !afterCommit || cmd.Type != schemas.EvictGame || at != p.row().EndedAt().Add(5*time.Second) {
		t.Fatalf("%v %+v", at, cmd)
	}
}

// A game that ends at once must not be forgotten while the request that made it
// may come again: it would be made a second time, under the same ids.
func TestAShortGamesRowOutlivesItsCreation(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	p.core.Linger = time.Second
	p.create()
	expect(t, p.send(p.command(schemas.AbortGame, whiteID, nil)), "GameAborted RecordResult RecordResult")
	at, cmd, _, ok := p.deadline()
	latest := p.row().CreatedAt.Add(schemas.CreateWithin)
	if !ok || cmd.Type != schemas.EvictGame || at <= latest.Add(time.Minute) {
		t.Fatalf("%s at %v; CreateGame may come until %v by the client's clock", cmd.Type, at, latest)
	}
}

// A rematch may come late, and its command again, when the processors were away.
func TestARematchIsMadeAfterMinutesAndItsRowOutlivesThem(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	p.core.Linger = time.Second
	create := &schemas.CreateGamePayload{
		White: schemas.Seated{PlayerID: whiteID, Handle: "anna"}, Black: schemas.Seated{PlayerID: blackID, Handle: "bo"},
		TimeControl: schemas.TimeControl{InitialCs: 18000}, RematchOf: schemas.NewID(), Deadline: p.at.Add(schemas.RematchWithin),
	}
	late := newPartition(t)
	late.at = create.Deadline - 1000
	expect(t, late.send(late.command(schemas.CreateGame, schemas.ActorSystem, create)), "GameCreated GameStarted")
	expect(t, p.send(p.command(schemas.CreateGame, schemas.ActorSystem, create)), "GameCreated GameStarted")
	expect(t, p.send(p.command(schemas.AbortGame, whiteID, nil)), "GameAborted")
	if at, cmd, _, ok := p.deadline(); !ok || cmd.Type != schemas.EvictGame || at <= create.Deadline.Add(time.Minute) {
		t.Fatalf("%s at %v; CreateGame may come until %v", cmd.Type, at, create.Deadline)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	if err := Run(context.Background(), Config{Linger: -1}); err == nil {
		t.Error("a negative linger was taken")
	}
	if err := Run(context.Background(), Config{}); err == nil {
		t.Error("no brokers were taken")
	}
}
