package games

import (
	"bytes"
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"tabiya/internal/core/game"
	"tabiya/internal/core/outage"
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

var _ processors.Core[*game.State] = core{}

// handled is a command of the partition and the messages it led to.
type handled struct {
	cmd    schemas.Command
	at     schemas.Time
	offset int64
	out    []schemas.Message
}

// partition passes commands to the core as package processors does: rows go through
// the table's codec.
type partition struct {
	t     *testing.T
	core  core
	raw   []byte // the encoded row, nil if there is none
	at    schemas.Time
	log   []handled
	count int64

	pulses outage.Gaps
}

// pulse adds a pulse after a time.
func (p *partition) pulse(after time.Duration) {
	p.at = p.at.Add(after)
	p.pulses.Pulse(p.at, int64(len(p.log)))
	p.log = append(p.log, handled{cmd: schemas.Command{Type: schemas.Pulse}})
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

func (p *partition) in(h handled) processors.Circumstances {
	return processors.Circumstances{
		At: h.at, Origin: schemas.Origin{Offset: h.offset}, Format: schemas.LatestFormat, Outages: p.pulses.Before(h.offset),
	}
}

func (p *partition) send(cmd schemas.Command) []schemas.Message {
	p.t.Helper()
	p.at += 1000
	h := handled{cmd: cmd, at: p.at, offset: int64(len(p.log))}
	row := p.row()
	next, changed, out := p.core.Decide(row, cmd, p.in(h))
	if changed {
		if next == nil {
			p.raw = nil
		} else {
			version := int64(0)
			if row != nil {
				version = row.Head().Version
			}
			if want := (schemas.Head{Version: version + 1, Offset: h.offset}); next.Head() != want {
				p.t.Fatalf("after %s the row has head %+v, want %+v", cmd.Type, next.Head(), want)
			}
			p.raw = tables.Games().Encode(cmd.Key, next)
		}
	}
	h.out = out
	p.log = append(p.log, h)
	return out
}

func (p *partition) move(actor, uci string) []schemas.Message {
	p.t.Helper()
	return p.send(p.command(schemas.PlayMove, actor, &schemas.PlayMovePayload{UCI: uci}))
}

func newPartition(t *testing.T) *partition {
	return &partition{t: t, core: core{evictAfter: DefaultEvictAfter}, at: epoch}
}

func (p *partition) create() []schemas.Message {
	p.t.Helper()
	return p.send(p.command(schemas.CreateGame, schemas.ActorSystem, &schemas.CreateGamePayload{
		White: schemas.Seated{PlayerID: whiteID, Handle: "anna", Rating: 1500, Deviation: 90, TicketID: schemas.DerivedID("a", "t", 1), Attempt: 1},
		Black: schemas.Seated{PlayerID: blackID, Handle: "bo", Rating: 1510, Deviation: 80, TicketID: schemas.DerivedID("b", "t", 1), Attempt: 1}, Rated: true,
		TimeControl: schemas.TimeControl{InitialCs: 18000}, Queue: "eu/3+0/0",
	}))
}

// types returns the messages' types, separated by spaces.
func types(out []schemas.Message) string {
	var names []string
	for _, m := range out {
		names = append(names, m.Record().Type)
	}
	return strings.Join(names, " ")
}

func expect(t *testing.T, out []schemas.Message, want string) {
	t.Helper()
	if got := types(out); got != want {
		t.Fatalf("got messages %q, want %q", got, want)
	}
}

// expectCode fails unless the only message is a reply with the code.
func expectCode(t *testing.T, out []schemas.Message, want schemas.Code) {
	t.Helper()
	if len(out) != 1 {
		t.Fatalf("got messages %q, want one reply", types(out))
	}
	r, ok := out[0].(schemas.Reply)
	if !ok {
		t.Fatalf("got a %T, want a reply", out[0])
	}
	if r.Code != want {
		t.Fatalf("got code %q, want %q", r.Code, want)
	}
}

// deadline returns the row's timer with its command.
func (p *partition) deadline() (at schemas.Time, cmd schemas.Command, afterCommit, ok bool) {
	at, newCommand, afterCommit, ok := p.core.NextTimer(gameID, p.row())
	return at, newCommand(), afterCommit, ok
}

// replayAll handles every command again against the last row, as after a crash. The
// events and commands must be the same byte for byte. Replies may differ, but not in
// number.
func (p *partition) replayAll() {
	p.t.Helper()
	row := p.row()
	for _, h := range p.log {
		if h.cmd.Type == schemas.Pulse {
			continue
		}
		if h.offset > row.Head().Offset {
			next, changed, out := p.core.Decide(p.row(), h.cmd, p.in(h))
			if changed || next.Head() != row.Head() {
				p.t.Fatalf("the replay of %s at offset %d changed the row", h.cmd.Type, h.offset)
			}
			p.checkReplay(h, out)
			continue
		}
		p.checkReplay(h, p.core.Replay(p.row(), h.cmd, p.in(h)))
	}
}

func (p *partition) checkReplay(h handled, again []schemas.Message) {
	p.t.Helper()
	withoutReplies := func(out []schemas.Message) (written [][]byte) {
		for _, m := range out {
			if r := m.Record(); r.Topic != schemas.CommandReplies {
				written = append(written, append([]byte(r.Topic+r.Key), r.Value...))
			}
		}
		return written
	}
	if want, got := withoutReplies(h.out), withoutReplies(again); !reflect.DeepEqual(got, want) {
		p.t.Fatalf("%s at offset %d was replayed as\n%s\nwant\n%s", h.cmd.Type, h.offset, bytes.Join(got, []byte("\n")), bytes.Join(want, []byte("\n")))
	}
	if len(again) != len(h.out) {
		p.t.Fatalf("%s at offset %d was replayed as %q, want %q", h.cmd.Type, h.offset, types(again), types(h.out))
	}
}

func TestReplayOfAWholeGameIsByteIdentical(t *testing.T) {
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

func TestReplayAmidOutagesIsByteIdentical(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	p.pulse(0)
	p.create()
	p.move(whiteID, "f2f3")
	p.move(blackID, "e7e5")
	p.pulse(time.Second)
	p.at += 30_000
	expect(t, p.move(whiteID, "h2h5"), "CommandRejected")
	expect(t, p.move(whiteID, "g2g4"), "TimeRestored MoveMade")
	p.pulse(10 * time.Second)
	p.replayAll()
	_, flag, _, _ := p.deadline()
	p.pulse(300 * time.Second)
	expect(t, p.send(flag), "") // the clocks stand still
	for range 12 {
		p.pulse(time.Second)
	}
	expect(t, p.send(flag), "TimeRestored")
	expect(t, p.send(flag), "")
	p.pulse(time.Second)
	p.replayAll()
	expect(t, p.move(blackID, "d8h4"), "MoveMade GameEnded RecordResult RecordResult")
	p.replayAll()
}

func TestRematchCanBeOfferedAfterAnOutage(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	p.pulse(0)
	p.create()
	p.move(whiteID, "f2f3")
	p.move(blackID, "e7e5")
	p.send(p.command(schemas.Resign, whiteID, nil))
	_, evict, _, _ := p.deadline()
	p.pulse(80 * time.Second)
	for range 30 { // 10 seconds to come back, and 20 of the minute that the row stays
		p.pulse(time.Second)
	}
	if p.send(evict); p.raw == nil {
		t.Fatal("the outage took the time for a rematch")
	}
	expect(t, p.send(p.command(schemas.OfferRematch, blackID, nil)), "RematchOffered")
	for range 80 {
		p.pulse(time.Second)
	}
	if p.send(evict); p.raw != nil {
		t.Fatal("the row stays for ever")
	}
}

func TestReplayOfOffersClaimsAndARematchIsByteIdentical(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	p.create()
	send := func(actor string, c schemas.CommandType, payload any, want string) {
		t.Helper()
		expect(t, p.send(p.command(c, actor, payload)), want)
	}
	p.move(whiteID, "e2e4")
	expect(t, p.send(p.command(schemas.PlayMove, blackID, &schemas.PlayMovePayload{UCI: "e7e5", LagCs: 20})), "MoveMade")
	expect(t, p.send(p.command(schemas.PlayMove, whiteID, &schemas.PlayMovePayload{UCI: "g1f3", LagCs: 20})), "MoveMade")
	send(whiteID, schemas.OfferTakeback, nil, "TakebackOffered")
	send(blackID, schemas.DeclineTakeback, nil, "TakebackDeclined")
	send(blackID, schemas.AddTime, nil, "TimeAdded")
	p.replayAll()
	send(blackID, schemas.OfferTakeback, nil, "TakebackOffered")
	send(blackID, schemas.OfferTakeback, nil, "CommandRejected")
	flag := p.row().FlagAt()
	send(whiteID, schemas.AcceptTakeback, nil, "TakebackAccepted")
	if at, cmd, _, ok := p.deadline(); !ok || cmd.Type != schemas.CheckFlag || at != p.row().FlagAt() || at == flag {
		t.Fatalf("the takeback left the timer at %v, before it was at %v", at, flag)
	}
	p.replayAll()
	p.move(blackID, "c7c5")
	p.move(whiteID, "g1f3")
	send(schemas.ActorSystem, schemas.MarkGone, &schemas.MarkGonePayload{Color: schemas.Black, Left: true}, "PlayerLeft")
	send(schemas.ActorSystem, schemas.MarkGone, &schemas.MarkGonePayload{Color: schemas.Black}, "")
	gone := p.row().GoneSince(schemas.Black)
	send(whiteID, schemas.ClaimVanished, &schemas.ClaimVanishedPayload{As: schemas.ClaimWin, GoneSince: gone}, "CommandRejected")
	p.at += 10_000
	send(whiteID, schemas.ClaimVanished, &schemas.ClaimVanishedPayload{As: schemas.ClaimWin, GoneSince: gone}, "GameEnded RecordResult RecordResult")
	p.replayAll()
	p.at += 100_000
	send(blackID, schemas.OfferRematch, nil, "RematchOffered")
	send(whiteID, schemas.AcceptRematch, nil, "RematchAccepted TakeSeat TakeSeat")
	send(whiteID, schemas.AcceptRematch, nil, "CommandRejected")
	p.replayAll()
	if at, _, _, ok := p.deadline(); !ok || at != p.row().UpdatedAt.Add(game.RematchWindow) {
		t.Fatalf("the row is evicted at %v, before it can be told that the rematch failed", at)
	}
	failed := &schemas.FailRematchPayload{GameID: p.row().Rematch(), Reason: schemas.SeatTaken, PlayerID: whiteID}
	send(whiteID, schemas.FailRematch, failed, "CommandRejected")
	send(schemas.ActorSystem, schemas.FailRematch, &schemas.FailRematchPayload{GameID: gameID, Reason: schemas.NoAnswer}, "")
	send(schemas.ActorSystem, schemas.FailRematch, failed, "RematchFailed")
	send(schemas.ActorSystem, schemas.FailRematch, failed, "")
	p.replayAll()
	if at, cmd, _, ok := p.deadline(); !ok || cmd.Type != schemas.EvictGame || at != p.row().UpdatedAt.Add(DefaultEvictAfter) {
		t.Fatalf("the timer is %s at %v, want an eviction delayed by the rematch", cmd.Type, at)
	}
}

// Black moves out of turn and is refused, then White's move is accepted. Against the
// row after that, Black's move would be legal.
func TestReplayedRefusalBeforeAnAcceptedMoveStaysRefused(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	p.create()
	early := p.command(schemas.PlayMove, blackID, &schemas.PlayMovePayload{UCI: "e7e5"})
	expectCode(t, p.send(early), schemas.CodeNotYourTurn)
	p.move(whiteID, "e2e4")
	h := p.log[1]
	expectCode(t, p.core.Replay(p.row(), h.cmd, p.in(h)), schemas.CodeNotAccepted)
	// A second copy of the command, now in turn, is accepted. The first stays refused.
	expect(t, p.send(early), "MoveMade")
	expectCode(t, p.core.Replay(p.row(), h.cmd, p.in(h)), schemas.CodeNotAccepted)
	expect(t, p.send(early), "CommandRepeated")
	p.move(whiteID, "d2d4")
	p.replayAll()
}

func TestSystemGetsNoReply(t *testing.T) {
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

func TestCommandsBeforeAndAfterAGame(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	expectCode(t, p.move(whiteID, "e2e4"), schemas.CodeGameNotFound)
	expect(t, p.send(p.command(schemas.CheckFlag, schemas.ActorSystem, &schemas.CheckFlagPayload{})), "")
	expect(t, p.send(p.command(schemas.EvictGame, schemas.ActorSystem, nil)), "")
	if p.raw != nil {
		t.Fatal("there is a row without a game")
	}
	p.create()
	expect(t, p.send(p.command(schemas.EvictGame, schemas.ActorSystem, nil)), "")
	p.move(whiteID, "e2e4")
	p.move(blackID, "e7e5")
	resign := p.command(schemas.Resign, whiteID, nil)
	expect(t, p.send(resign), "GameResigned RecordResult RecordResult")
	expectCode(t, p.move(whiteID, "g1f3"), schemas.CodeGameOver)
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
	expectCode(t, p.send(resign), schemas.CodeGameNotFound)
	if out := p.core.Replay(nil, resign, p.in(handled{at: p.at, offset: 3})); out != nil {
		t.Fatalf("the replay without a row sent %q", types(out))
	}
}

func TestGameAbortedBeforeItsCreationIsNeverCreated(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	expect(t, p.send(p.command(schemas.AbortGame, schemas.ActorSystem, nil)), "")
	if row := p.row(); row == nil || !row.Void {
		t.Fatalf("the row is %+v, want a void one", row)
	}
	expect(t, p.create(), "")
	expect(t, p.send(p.command(schemas.AbortGame, schemas.ActorSystem, nil)), "")
	expectCode(t, p.move(whiteID, "e2e4"), schemas.CodeGameNotFound)
	p.replayAll()
	at, cmd, afterCommit, ok := p.deadline()
	if !ok || !afterCommit || cmd.Type != schemas.EvictGame || at != p.log[0].at.Add(minAge) {
		t.Fatalf("the timer is %s at %v", cmd.Type, at)
	}
	p.send(cmd)
	if p.raw != nil {
		t.Fatal("the row is still there")
	}
}

func TestNextTimerIsTheFlagThenTheEviction(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	p.core.evictAfter = 5 * time.Second
	if _, _, _, ok := p.core.NextTimer(gameID, nil); ok {
		t.Fatal("there is a timer without a row")
	}
	p.create()
	p.move(whiteID, "e2e4")
	p.move(blackID, "e7e5")
	at, cmd, afterCommit, ok := p.deadline()
	if !ok || afterCommit || cmd.Type != schemas.CheckFlag || at != p.row().FlagAt() || !schemas.ValidID(cmd.ID) {
		t.Fatalf("the timer is %+v at %v, want CheckFlag", cmd, at)
	}
	p.at = at - 2000
	expect(t, p.send(cmd), "")
	expect(t, p.send(cmd), "GameTimeout RecordResult RecordResult")
	expect(t, p.send(cmd), "")
	p.replayAll()
	at, cmd, afterCommit, ok = p.deadline()
	if !ok || !afterCommit || cmd.Type != schemas.EvictGame || at != p.row().EndedAt().Add(5*time.Second) {
		t.Fatalf("the timer is %+v at %v, want EvictGame", cmd, at)
	}
}

// The row of a game that ends at once must stay while its CreateGame may be repeated.
// Otherwise the game would be created a second time, with the same ids.
func TestShortGameIsEvictedAfterItsCreationCannotRepeat(t *testing.T) {
	t.Parallel()
	p := newPartition(t)
	p.core.evictAfter = time.Second
	p.create()
	expect(t, p.send(p.command(schemas.AbortGame, whiteID, nil)), "GameAborted RecordResult RecordResult")
	at, cmd, _, ok := p.deadline()
	latest := p.row().CreatedAt.Add(schemas.CreateWithin)
	if !ok || cmd.Type != schemas.EvictGame || at <= latest.Add(time.Minute) {
		t.Fatalf("the timer is %s at %v, but CreateGame may be repeated until %v by the client's clock", cmd.Type, at, latest)
	}
}

func TestRunRejectsInvalidConfig(t *testing.T) {
	t.Parallel()
	if err := Run(context.Background(), Config{EvictAfter: -1}); err == nil {
		t.Error("Run accepted a negative EvictAfter")
	}
	if err := Run(context.Background(), Config{}); err == nil {
		t.Error("Run accepted a config without brokers")
	}
}
