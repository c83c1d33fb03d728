import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fold, remainingCs, running, type Game } from "../../src/game/fold";
import { rematchFailure } from "../../src/game/words";
import type { GameEvent } from "../../src/wire/types";

let seq = 0;
const start = Date.parse("2026-01-01T00:00:00Z");
const iso = (ms: number) => new Date(start + ms).toISOString();

function event<T extends GameEvent["eventType"]>(eventType: T, at: number, payload: Extract<GameEvent, { eventType: T }>["payload"]): GameEvent {
  seq++;
  return { eventId: `e${seq}`, commandId: "c", eventType, gameId: "g", occurredAt: iso(at), region: "eu", schemaVersion: 1, seq, payload } as GameEvent;
}

const seated = (playerId: string) => ({ playerId, handle: playerId, rating: 1500, deviation: 300 });
const begin = () => {
  seq = 0;
  return [
    event("GameCreated", 0, {
      white: seated("w"),
      black: seated("b"),
      timeControl: { initialCs: 6000, incrementCs: 0 },
      speed: "bullet",
      rated: true,
      queue: "eu/1+0/0",
      fen: "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
    }),
    event("GameStarted", 0, { firstMoveBy: iso(35000) }),
  ];
};
const move = (ply: number, at: number, whiteCs: number, blackCs: number, chargedCs = 0, compensatedCs?: number) =>
  event("MoveMade", at, {
    ply,
    color: ply % 2 ? "white" : "black",
    uci: "e2e4",
    san: "e4",
    fen: `fen${ply} ${ply % 2 ? "b" : "w"} - - 0 1`,
    clock: { whiteCs, blackCs, elapsedCs: chargedCs + (compensatedCs ?? 0), chargedCs, compensatedCs },
  });
const all = (events: GameEvent[]) => events.reduce<Game | undefined>(fold, undefined)!;

describe("fold", () => {
  it("ignores events that it has, and events that are not the next", () => {
    const [created, started] = begin();
    const m1 = move(1, 1000, 6000, 6000);
    const m2 = move(2, 2000, 6000, 6000);
    const g = all([created!, started!, m1]);
    expect(fold(g, m1)).toBe(g);
    expect(fold(g, started!)).toBe(g);
    expect(fold(fold(g, move(3, 3000, 1, 1)), m2)!.seq).toBe(4);
    expect(fold(undefined, m2)).toBeUndefined();
  });

  it("starts no clock before both sides have moved, and runs only the mover's", () => {
    const g2 = all([...begin(), move(1, 1000, 6000, 6000)]);
    expect(running(g2)).toBe(false);
    expect(remainingCs(g2, "black", start + 9000)).toBe(6000);
    const g3 = fold(g2, move(2, 2000, 6000, 6000))!;
    expect(remainingCs(g3, "white", start + 4500)).toBe(5750);
    expect(remainingCs(g3, "black", start + 4500)).toBe(6000);
    expect(remainingCs(g3, "white", start + 999000)).toBe(0);
    expect(remainingCs(g3, "white", start + 1000)).toBe(6000); // a clock of ours that is behind gives no time
  });

  it("takes moves back with their clocks, and drops standing offers", () => {
    const g = all([
      ...begin(),
      move(1, 1000, 6000, 6000),
      move(2, 2000, 6000, 6000),
      move(3, 3000, 5900, 6000, 100, 5),
      event("DrawOffered", 3100, { ply: 3, color: "white" }),
      event("TakebackOffered", 3200, { ply: 3, color: "white" }),
      event("TakebackAccepted", 4000, { ply: 2, color: "black", fen: "back w - - 0 1", clock: { whiteCs: 6000, blackCs: 6000 }, deadlineAt: iso(64000) }),
    ]);
    expect(g.plies.length).toBe(2);
    expect([g.turn, g.fen, g.drawOffer, g.takebackOffer]).toEqual(["white", "back w - - 0 1", undefined, undefined]);
    expect(remainingCs(g, "white", start + 5000)).toBe(5900);
  });

  it("keeps an offer of the mover and ends one that the opponent answered by moving", () => {
    const g = all([...begin(), event("DrawOffered", 500, { ply: 0, color: "white" }), move(1, 1000, 6000, 6000)]);
    expect(g.drawOffer).toBe("white");
    expect(fold(g, move(2, 2000, 6000, 6000))!.drawOffer).toBeUndefined();
  });

  it("adds given time without stopping the clock", () => {
    const g = all([...begin(), move(1, 0, 6000, 6000), move(2, 1000, 6000, 6000), event("TimeAdded", 3000, { color: "white", addedCs: 1500, clock: { whiteCs: 7500, blackCs: 6000 }, deadlineAt: iso(76000) })]);
    expect(remainingCs(g, "white", start + 3000)).toBe(7300);
  });

  it("shows an empty clock after a flag, whatever the last move left", () => {
    const over = { white: seated("w"), black: seated("b"), timeControl: { initialCs: 6000, incrementCs: 0 }, speed: "bullet", rated: true, startFen: "", createdAt: iso(0), endedAt: iso(62000), plies: 2, moves: [], clocksCs: [], fen: "" };
    const g = all([...begin(), move(1, 0, 6000, 6000), move(2, 1000, 6000, 6000), event("GameTimeout", 62000, { ...over, result: "0-1", termination: "time_forfeit" })]);
    expect([g.over, g.result, remainingCs(g, "white", start), remainingCs(g, "black", start)]).toEqual([true, "0-1", 0, 6000]);
    expect(fold(g, event("RematchOffered", 63000, { color: "black" }))!.rematchOffer).toBe("black");
  });

  const restored = (at: number, deadline: number, waiting?: boolean) => event("TimeRestored", at, { color: "white", restoredCs: 500, deadlineAt: iso(deadline), ...(waiting ? { waiting } : {}) });

  it("gives back the time of an outage, and counts from the new deadline", () => {
    const g = all([...begin(), move(1, 0, 6000, 6000), move(2, 1000, 6000, 6000), restored(9000, 66000)]);
    expect(g.deadlineAt).toBe(start + 66000);
    expect([remainingCs(g, "white", start + 9000), remainingCs(g, "black", start + 9000)]).toEqual([5700, 6000]);
    const first = all([...begin(), restored(9000, 44000)]);
    expect([first.deadlineAt, remainingCs(first, "white", start + 9000)]).toEqual([start + 44000, 6000]);
  });

  it("stops the clocks after a long outage until both players are back", () => {
    const g = all([...begin(), move(1, 0, 6000, 6000), move(2, 1000, 6000, 6000), restored(9000, 67000, true)]);
    expect([g.waiting, g.gone.white, g.gone.black, remainingCs(g, "white", start + 99000)]).toEqual([true, start + 9000, start + 9000, 6000]);
    const one = fold(g, event("PlayerReturned", 10000, { color: "black" }))!;
    expect(one.waiting).toBe(true);
    const both = all([...begin(), move(1, 0, 6000, 6000), move(2, 1000, 6000, 6000), restored(9000, 67000, true), event("PlayerReturned", 10000, { color: "black" }), event("PlayerReturned", 11000, { color: "white" })]);
    expect([both.waiting, remainingCs(both, "white", start + 12000)]).toEqual([undefined, 5500]);
  });

  it("has no rematch once it has failed, and no pool for a game that its players agreed on", () => {
    const g = fold(all(begin()), event("RematchAccepted", 500, { color: "white", gameId: "next" }))!;
    expect([g.rematch, g.rematchFailed]).toEqual(["next", undefined]);
    const failed = fold(g, event("RematchFailed", 900, { gameId: "next", reason: "seat_taken", color: "black" }))!;
    expect([failed.rematch, failed.rematchFailed]).toEqual([undefined, { reason: "seat_taken", color: "black" }]);
    expect(rematchFailure("seat_taken", "anna")).toBe("The rematch is not played: anna is waiting for another game, or playing one.");
    expect(rematchFailure("account_closed", "")).toBe("The rematch is not played: you have closed the account.");
  });

  it("notes who has left until they return or move", () => {
    const g = all([...begin(), event("PlayerLeft", 500, { color: "white", explicit: false })]);
    expect(g.gone.white).toBe(start + 500);
    expect(fold(g, move(1, 1000, 6000, 6000))!.gone.white).toBeUndefined();
  });

  it("reads every golden event of a game", () => {
    const folder = new URL("../../../schemas/testdata/events/", import.meta.url);
    const golden = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as GameEvent;
    const g = fold(undefined, golden("GameCreated"))!;
    for (const name of ["GameStarted", "MoveMade", "TimeRestored", "TakebackAccepted", "TimeAdded", "GameEnded", "GameResigned", "GameTimeout", "GameAborted", "RematchAccepted", "RematchFailed"]) {
      const after = fold(g, { ...golden(name), seq: g.seq + 1 } as GameEvent)!;
      expect(after.seq, name).toBe(g.seq + 1);
      expect(Number.isFinite(after.clock.whiteCs + after.clock.blackCs + after.clock.asOf), name).toBe(true);
    }
  });
});
