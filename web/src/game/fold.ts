// The state of a game as its events tell it. Live and finished games are folded alike.
import type { Color, GameEvent, Result, Speed, Termination, TimeControl } from "../wire/types";

export interface Seated {
  playerId: string;
  handle: string;
  rating: number;
}

/** Ply is one half-move with the audit of its time, in centiseconds. */
export interface Ply {
  ply: number;
  color: Color;
  uci: string;
  san: string;
  fen: string;
  whiteCs: number;
  blackCs: number;
  elapsedCs: number;
  chargedCs: number;
  compensatedCs: number;
  restoredCs: number;
}

/** Clock is both sides' time at `asOf`, in centiseconds; `asOf` is in ms since 1970. */
export interface Clock {
  whiteCs: number;
  blackCs: number;
  asOf: number;
}

export interface Game {
  id: string;
  seq: number;
  white: Seated;
  black: Seated;
  timeControl: TimeControl;
  speed: Speed;
  rated: boolean;
  queue?: string;
  rematchOf?: string;
  startFen: string;
  createdAt: number;
  plies: Ply[];
  fen: string;
  turn: Color;
  clock: Clock;
  deadlineAt?: number;
  drawOffer?: Color;
  takebackOffer?: Color;
  rematchOffer?: Color;
  rematchDeclined?: Color;
  rematch?: string;
  /** rematchFailed is why the rematch that was agreed on is not played; color is whose seat it was. */
  rematchFailed?: { reason: string; color?: Color };
  gone: { white?: number; black?: number };
  /** waiting is a game whose clocks stand still after a long outage, until both players
   * are back. */
  waiting?: boolean;
  over: boolean;
  result: Result;
  termination?: Termination;
  endedBy?: GameEvent["eventType"];
}

export const other = (c: Color): Color => (c === "white" ? "black" : "white");

const at = (time: string | undefined): number | undefined => (time ? Date.parse(time) : undefined);
const turnOf = (fen: string): Color => (fen.split(" ")[1] === "b" ? "black" : "white");

/** fold applies an event. An event that is already in it, or is not the next, changes nothing. */
export function fold(g: Game | undefined, e: GameEvent): Game | undefined {
  if (e.eventType === "GameCreated") return g ?? created(e);
  if (!g || e.seq !== g.seq + 1) return g;
  const next: Game = { ...g, seq: e.seq };
  switch (e.eventType) {
    case "GameStarted":
      next.deadlineAt = at(e.payload.firstMoveBy);
      next.clock = { ...g.clock, asOf: Date.parse(e.occurredAt) };
      break;
    case "MoveMade":
      moved(next, e);
      break;
    case "DrawOffered":
      next.drawOffer = e.payload.color as Color;
      break;
    case "DrawDeclined":
      next.drawOffer = undefined;
      break;
    case "TakebackOffered":
      next.takebackOffer = e.payload.color as Color;
      break;
    case "TakebackDeclined":
      next.takebackOffer = undefined;
      break;
    case "TakebackAccepted":
      next.plies = g.plies.slice(0, e.payload.ply);
      next.fen = e.payload.fen;
      next.turn = turnOf(next.fen);
      next.clock = clockOf(e, e.payload.clock);
      next.deadlineAt = at(e.payload.deadlineAt);
      next.takebackOffer = next.drawOffer = undefined;
      break;
    case "TimeAdded": // the clock is as of the last move, so asOf stays
      next.clock = { ...g.clock, ...pick(e.payload.clock) };
      next.deadlineAt = at(e.payload.deadlineAt);
      break;
    case "TimeRestored":
      Object.assign(next, withDeadline(next, Date.parse(e.payload.deadlineAt)));
      if (e.payload.waiting) {
        const since = Date.parse(e.occurredAt);
        next.waiting = true;
        next.gone = { white: g.gone.white ?? since, black: g.gone.black ?? since };
      }
      break;
    case "PlayerLeft":
      next.gone = { ...g.gone, [e.payload.color]: Date.parse(e.occurredAt) };
      break;
    case "PlayerReturned":
      next.gone = { ...g.gone, [e.payload.color]: undefined };
      break;
    case "GameEnded":
    case "GameResigned":
    case "GameTimeout":
    case "GameAborted":
      ended(next, e);
      break;
    case "RematchOffered":
      next.rematchOffer = e.payload.color as Color;
      break;
    case "RematchDeclined":
      next.rematchOffer = undefined;
      next.rematchDeclined = e.payload.color as Color;
      break;
    case "RematchAccepted":
      next.rematchOffer = undefined;
      next.rematch = e.payload.gameId;
      break;
    case "RematchFailed":
      next.rematch = undefined;
      next.rematchFailed = { reason: e.payload.reason, color: e.payload.color as Color | undefined };
      break;
  }
  if (next.over || (!next.gone.white && !next.gone.black)) next.waiting = undefined;
  return next;
}

/** poolOf returns the pool of a queue key, region/pool/shard; none for a game that its players agreed on. */
function poolOf(queue: string | undefined): string | undefined {
  const pool = queue?.split("/")[1];
  return pool === "named" ? undefined : pool;
}

const clockOf = (e: GameEvent, c: { whiteCs: number; blackCs: number }): Clock => ({ ...pick(c), asOf: Date.parse(e.occurredAt) });
const pick = (c: { whiteCs: number; blackCs: number }) => ({ whiteCs: c.whiteCs, blackCs: c.blackCs });

function created(e: Extract<GameEvent, { eventType: "GameCreated" }>): Game {
  const p = e.payload;
  const created = Date.parse(e.occurredAt);
  return {
    id: e.gameId,
    seq: e.seq,
    white: p.white,
    black: p.black,
    timeControl: p.timeControl,
    speed: p.speed as Speed,
    rated: p.rated,
    queue: poolOf(p.queue),
    rematchOf: p.rematchOf,
    startFen: p.fen,
    createdAt: created,
    plies: [],
    fen: p.fen,
    turn: turnOf(p.fen),
    clock: { whiteCs: p.timeControl.initialCs, blackCs: p.timeControl.initialCs, asOf: created },
    gone: {},
    over: false,
    result: "*",
  };
}

function moved(g: Game, e: Extract<GameEvent, { eventType: "MoveMade" }>) {
  const p = e.payload;
  const color = p.color as Color;
  g.plies = [
    ...g.plies,
    {
      ply: p.ply,
      color,
      uci: p.uci,
      san: p.san,
      fen: p.fen,
      ...pick(p.clock),
      elapsedCs: p.clock.elapsedCs,
      chargedCs: p.clock.chargedCs,
      compensatedCs: p.clock.compensatedCs ?? 0,
      restoredCs: p.clock.restoredCs ?? 0,
    },
  ];
  g.fen = p.fen;
  g.turn = other(color);
  g.clock = clockOf(e, p.clock);
  g.deadlineAt = at(p.deadlineAt);
  g.takebackOffer = undefined;
  if (g.drawOffer && g.drawOffer !== color) g.drawOffer = undefined; // the opponent moved instead of answering
  if (g.gone[color]) g.gone = { ...g.gone, [color]: undefined }; // a move is a return
}

/** withDeadline is the game in which the side to move has time until the deadline. */
export function withDeadline(g: Game, deadlineAt: number): Game {
  if (!running(g)) return { ...g, deadlineAt };
  return { ...g, deadlineAt, clock: { ...g.clock, asOf: deadlineAt - sideCs(g.clock, g.turn) * 10 } };
}

function ended(g: Game, e: Extract<GameEvent, { eventType: "GameEnded" | "GameResigned" | "GameTimeout" | "GameAborted" }>) {
  const p = e.payload;
  const end = Date.parse(e.occurredAt);
  g.clock = stopped(g, end);
  if (e.eventType === "GameTimeout") g.clock = { ...g.clock, [g.turn === "white" ? "whiteCs" : "blackCs"]: 0 };
  g.over = true;
  g.result = p.result as Result;
  g.termination = p.termination as Termination;
  g.endedBy = e.eventType;
  g.deadlineAt = g.drawOffer = g.takebackOffer = undefined;
  g.gone = {};
}

/** sideCs is what a side has on a pair of clocks. */
export const sideCs = (c: { whiteCs: number; blackCs: number }, color: Color): number => (color === "white" ? c.whiteCs : c.blackCs);

/** stopped is the clock at a moment, the side to move having used its time until then. */
function stopped(g: Game, end: number): Clock {
  return { whiteCs: remainingCs(g, "white", end), blackCs: remainingCs(g, "black", end), asOf: end };
}

/** running reports whether a clock runs: from the third ply on, until the end. */
export const running = (g: Game): boolean => !g.over && g.plies.length >= 2;

/** remainingCs is a side's time at a moment of the server's clock, in centiseconds. */
export function remainingCs(g: Game, color: Color, now: number): number {
  const left = sideCs(g.clock, color);
  if (!running(g) || g.waiting || g.turn !== color) return left;
  return Math.max(0, left - Math.max(0, now - g.clock.asOf) / 10);
}
