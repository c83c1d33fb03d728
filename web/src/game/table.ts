// What a game's page shows: the game from its events, the moves on their way, and where
// the viewer looks.
import { batch, computed, signal } from "@preact/signals";
import { Chess } from "chess.js";
import { api, lines, newKey } from "../api";
import { Refused, sentence } from "../problems";
import { sounds } from "../sounds";
import type { Color, GameEvent, LiveGame, ServerFrame } from "../wire/types";
import { Connection, type Clocks, type Link } from "./connection";
import { fold, other, withDeadline, type Game } from "./fold";
import { Outbox, type Command } from "./outbox";
import { add, afterPremoves, next, type Premove } from "./premove";

export class Table {
  readonly game = signal<Game | undefined>(undefined);
  readonly missing = signal("");
  readonly notice = signal("");
  readonly watchers = signal<number | undefined>(undefined);
  /** pause is an outage: no clock has run since then, or none runs until then. */
  readonly pause = signal<{ since?: number; until?: number }>({});
  readonly claimableAt = signal<number | undefined>(undefined);
  readonly pendingMove = signal<string | undefined>(undefined);
  readonly premoves = signal<readonly Premove[]>([]);
  /** changes is by how much the game changed the ratings, once history knows. */
  readonly changes = signal<Partial<Record<Color, number>>>({});
  /** looksAt is the ply that the viewer looks at, or undefined for the last. */
  readonly looksAt = signal<number | undefined>(undefined);
  readonly link = computed<Link>(() => (this.opened.value ? this.connection!.link.value : "connecting"));
  private readonly opened = signal(false);
  private readonly outbox: Outbox;
  private readonly abort = new AbortController();
  private connection: Connection | undefined;
  private caughtUp = 0; // the seq up to which events are the past
  /** past is the game as its past events tell it, until all are here: shown one by one
   * they would move the page about. */
  private past: Game | undefined;

  constructor(
    readonly id: string,
    readonly me: string | undefined,
  ) {
    this.outbox = new Outbox(`tabiya.outbox.${id}.${me}`, sessionStorage, newKey);
    void this.open();
  }

  readonly color = computed<Color | undefined>(() => {
    const g = this.game.value;
    if (!g || !this.me) return undefined;
    return g.white.playerId === this.me ? "white" : g.black.playerId === this.me ? "black" : undefined;
  });

  /** fenShown is the position on the board. */
  readonly fenShown = computed<string | undefined>(() => {
    const g = this.game.value;
    if (!g) return undefined;
    const ply = this.looksAt.value;
    if (ply !== undefined) return ply === 0 ? g.startFen : g.plies[ply - 1]!.fen;
    const fen = this.fenAfterPending.value!;
    return this.premoves.value.length > 0 ? afterPremoves(fen, this.premoves.value) : fen;
  });

  private readonly fenAfterPending = computed<string | undefined>(() => {
    const g = this.game.value;
    if (!g || !this.pendingMove.value) return g?.fen;
    try {
      const board = new Chess(g.fen);
      board.move(this.pendingMove.value);
      return board.fen();
    } catch {
      return g.fen;
    }
  });

  readonly myTurn = computed(() => {
    const g = this.game.value;
    return !!g && !g.over && g.turn === this.color.value && !this.pendingMove.value;
  });

  now(): number {
    return this.connection ? this.connection.time.now() : Date.now();
  }

  /** clockNow is the moment that the clocks show. */
  clockNow(): number {
    const { since, until = 0 } = this.pause.peek();
    return since ?? Math.max(this.now(), until);
  }

  lagCs(): number | undefined {
    return this.connection?.time.lagCs();
  }

  close() {
    this.abort.abort();
    this.connection?.close();
  }

  private async open() {
    for (let wait = 500; !this.abort.signal.aborted; wait = Math.min(5000, wait * 2)) {
      try {
        await api.liveGame(this.id);
        this.connect();
        return;
      } catch (err) {
        if (err instanceof Refused && err.code === "game_not_found") return void (await this.readFinished());
        this.notice.value = err instanceof Error ? err.message : String(err);
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  private connect() {
    this.notice.value = "";
    this.connection = new Connection(this.id, {
      onState: (game) => this.onState(game),
      onEvent: (event) => this.onEvent(event),
      onAnswer: (frame) => this.onAnswer(frame),
      onWatchers: (count) => (this.watchers.value = count),
      onClocks: (frame) => this.onClocks(frame),
      onDown: () => void this.onDown(),
      nextSeq: () => (this.known()?.seq ?? 0) + 1,
    });
    this.opened.value = true;
  }

  /** readFinished reads the events of a game that ended some time ago. */
  private async readFinished() {
    try {
      let game: Game | undefined;
      for await (const line of lines(await api.events(this.id, 1, this.abort.signal))) {
        game = fold(game, JSON.parse(line) as GameEvent);
      }
      this.game.value = game;
      this.notice.value = "";
      void this.askChanges(1);
    } catch (err) {
      if (!this.abort.signal.aborted) this.missing.value = err instanceof Error ? err.message : String(err);
    }
  }

  private async onDown() {
    if (!this.game.peek()?.over) return;
    this.connection!.close(); // the stream of a finished game ends
  }

  private onState(game: LiveGame) {
    this.caughtUp = game.seq;
    this.watchers.value = game.watchers;
    if (this.pause.peek().since) this.pause.value = {}; // if it goes on, a frame will say so
    this.tellClaim(game);
    if ((this.known()?.seq ?? 0) >= game.seq) {
      this.show(this.known());
      this.resume();
    }
  }

  /** known is the game with all events that are here. */
  private known(): Game | undefined {
    return this.past ?? this.game.peek();
  }

  private show(game: Game | undefined) {
    this.past = undefined;
    this.game.value = game;
  }

  private onClocks(frame: Clocks) {
    if (!frame.running) {
      this.pause.value = { since: this.pause.peek().since ?? this.now() };
      return;
    }
    batch(() => {
      this.pause.value = { until: Date.parse(frame.runsAt) };
      const g = this.game.peek();
      if (g && !g.over) this.game.value = withDeadline(g, Date.parse(frame.deadlineAt));
    });
  }

  private tellClaim(game: LiveGame) {
    const mine = this.color.peek() ?? (game.white.playerId === this.me ? "white" : game.black.playerId === this.me ? "black" : undefined);
    const at = mine && (mine === "white" ? game.black : game.white).claimableAt;
    this.claimableAt.value = at ? Date.parse(at) : undefined;
  }

  private onEvent(e: GameEvent) {
    const before = this.known();
    const after = fold(before, e);
    if (!after || after === before) return;
    if (e.seq < this.caughtUp) {
      this.past = after;
      return;
    }
    const live = e.seq > this.caughtUp;
    const wasOver = this.game.peek()?.over;
    batch(() => {
      this.show(after);
      if (e.eventType === "TakebackAccepted") {
        this.outbox.clearMoves();
        this.premoves.value = [];
      }
      this.outbox.settle(after.plies.length, after.over);
      this.pendingMove.value = this.outbox.move()?.uci;
      if (after.over) this.premoves.value = [];
      const looks = this.looksAt.peek();
      if (looks !== undefined && looks > after.plies.length) this.looksAt.value = undefined;
      if (live && e.eventType === "MoveMade" && e.payload.color !== this.color.peek()) this.playPremove();
      if (e.eventType === "PlayerReturned" || after.over) this.claimableAt.value = undefined;
    });
    if (after.over && !wasOver && after.rated && after.result !== "*") void this.askChanges(5);
    if (e.eventType === "PlayerLeft" && live) void this.askClaim();
    if (live) sounds.event(e, this.color.peek(), after);
    if (e.seq === this.caughtUp) this.resume();
  }

  private async askClaim() {
    try {
      this.tellClaim(await api.liveGame(this.id));
    } catch {
      // the next state frame tells it
    }
  }

  /** askChanges asks history, which knows the ratings a moment after the end. */
  private async askChanges(tries: number) {
    for (let n = 0; n < tries && !this.abort.signal.aborted; n++) {
      try {
        const { white, black } = await api.finished(this.id);
        if (white.ratingChange !== undefined && black.ratingChange !== undefined) {
          this.changes.value = { white: white.ratingChange, black: black.ratingChange };
          return;
        }
      } catch {
        // not there yet
      }
      await new Promise((resolve) => setTimeout(resolve, 1000 * (n + 1)));
    }
  }

  /** resume sends what is still on its way, once all events are here. */
  private resume() {
    const g = this.game.peek();
    if (!g) return;
    this.outbox.settle(g.plies.length, g.over);
    this.pendingMove.value = this.outbox.move()?.uci;
    for (const command of this.outbox.all()) this.connection!.send(command);
    if (this.myTurn.peek()) this.playPremove();
  }

  private onAnswer(frame: Extract<ServerFrame, { type: "ack" | "refused" }>) {
    if (frame.type === "ack") {
      this.outbox.acked(frame.clientMoveId);
      this.pendingMove.value = this.pendingMove.peek() && this.outbox.move()?.uci;
      return;
    }
    const refused = this.outbox.refused(frame.clientMoveId, frame.code);
    if (!refused) {
      const kept = this.outbox.all().find((c) => c.clientMoveId === frame.clientMoveId);
      if (kept) setTimeout(() => this.outbox.all().includes(kept) && this.connection?.send(kept), 1000);
      return;
    }
    this.pendingMove.value = this.outbox.move()?.uci;
    if (refused.type === "move") this.premoves.value = [];
    this.notice.value = sentence(frame.code, frame.detail);
  }

  /** command sends a command, now or as soon as the connection is back. */
  command(command: Command) {
    this.notice.value = "";
    this.connection?.send(this.outbox.add(command));
  }

  /** enter is a move of the viewer: played if it is their turn, else a premove. */
  enter(from: string, to: string, promotion?: string): boolean {
    const g = this.game.peek();
    const color = this.color.peek();
    if (!g || !color || g.over) return false;
    if (!this.myTurn.peek()) {
      const queue = add(this.fenAfterPending.peek()!, this.premoves.peek(), color, { from, to, promotion });
      const added = queue !== this.premoves.peek();
      this.premoves.value = queue;
      return added;
    }
    try {
      const move = new Chess(g.fen).move({ from, to, promotion: promotion ?? "q" });
      this.play(move.from + move.to + (move.promotion ?? ""));
      return true;
    } catch {
      return false;
    }
  }

  private play(uci: string) {
    const g = this.game.peek()!;
    this.looksAt.value = undefined;
    this.pendingMove.value = uci;
    const lag = this.lagCs();
    this.command({ type: "move", uci, ply: g.plies.length + 1, ...(lag === undefined ? {} : { lag }) });
    sounds.ownMove(g.fen, uci);
  }

  private playPremove() {
    const g = this.game.peek();
    if (!g || g.over || this.premoves.peek().length === 0 || g.turn !== this.color.peek() || this.pendingMove.peek()) return;
    const { uci, rest } = next(g.fen, this.premoves.peek());
    this.premoves.value = rest;
    if (uci) this.play(uci);
  }

  cancelPremoves() {
    this.premoves.value = [];
  }

  opponentName(): string {
    const g = this.game.peek();
    const mine = this.color.peek();
    return g && mine ? g[other(mine)].handle : "";
  }
}
