// A game's socket: it connects again by itself, from the event after the last.
import { signal } from "@preact/signals";
import type { ClientFrame, GameEvent, LiveGame, ServerFrame } from "../wire/types";
import { ServerTime } from "./servertime";

/** Link is the state of the connection; "replaced" is one that the server closed because
 * the player has opened the game in too many places. */
export type Link = "connecting" | "open" | "waiting" | "closed" | "replaced";

/** Clocks tells whether the clocks run: they stand still while nobody can move. */
export type Clocks = Extract<ServerFrame, { type: "clocks" }>;

export interface Listener {
  onState(game: LiveGame): void;
  onEvent(event: GameEvent): void;
  onAnswer(frame: Extract<ServerFrame, { type: "ack" | "refused" }>): void;
  onWatchers(count: number): void;
  onClocks(frame: Clocks): void;
  /** onDown is called when the socket could not be opened, or was closed. */
  onDown(): void;
  nextSeq(): number;
}

const pingEvery = 4000;
const silentFor = 12000;
const tooManyPlaces = 4010; // to come back would end another window's connection

export class Connection {
  readonly link = signal<Link>("connecting");
  readonly time = new ServerTime();
  private socket: WebSocket | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private pings: ReturnType<typeof setInterval> | undefined;
  private pinged = 0;
  private heard = 0;
  private tries = 0;

  constructor(
    private readonly id: string,
    private readonly listener: Listener,
  ) {
    addEventListener("online", this.hurry);
    addEventListener("offline", this.drop);
    document.addEventListener("visibilitychange", this.hurry);
    this.open();
  }

  /** send returns whether the frame was handed to an open socket. */
  send(frame: ClientFrame): boolean {
    if (this.link.peek() !== "open") return false;
    this.socket!.send(JSON.stringify(frame));
    return true;
  }

  close() {
    this.end("closed");
  }

  private end(link: Link) {
    removeEventListener("online", this.hurry);
    removeEventListener("offline", this.drop);
    document.removeEventListener("visibilitychange", this.hurry);
    clearTimeout(this.retry);
    this.detach();
    this.link.value = link;
  }

  private readonly hurry = () => {
    if (this.link.peek() !== "waiting" || document.hidden) return;
    this.tries = 0;
    clearTimeout(this.retry);
    this.open();
  };

  private readonly drop = () => {
    if (this.link.peek() === "open" || this.link.peek() === "connecting") this.down();
  };

  private detach() {
    clearInterval(this.pings);
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = undefined;
  }

  private open() {
    this.link.value = "connecting";
    const url = new URL(`/v1/games/${this.id}/socket?from_seq=${this.listener.nextSeq()}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url, "tabiya.v1");
    this.socket = socket;
    socket.onmessage = (e) => this.frame(JSON.parse(e.data as string) as ServerFrame);
    socket.onclose = (e) => (e.code === tooManyPlaces ? this.end("replaced") : this.down());
    socket.onopen = () => {
      this.tries = 0;
      this.heard = Date.now();
      this.ping();
      this.pings = setInterval(() => this.ping(), pingEvery);
    };
  }

  private ping() {
    if (Date.now() - this.heard > silentFor) return this.down(); // a dead network closes nothing
    this.pinged = Date.now();
    this.socket!.send('{"type":"ping"}');
  }

  private down() {
    this.detach();
    this.link.value = "waiting";
    const wait = Math.min(5000, 250 * 2 ** this.tries++) * (0.75 + Math.random() / 2);
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.open(), wait);
    this.listener.onDown();
  }

  private frame(frame: ServerFrame) {
    this.heard = Date.now();
    switch (frame.type) {
      case "state":
        this.link.value = "open";
        this.listener.onState(frame.game);
        break;
      case "event":
        this.time.atLeast(Date.parse(frame.event.occurredAt));
        this.listener.onEvent(frame.event);
        break;
      case "ack":
      case "refused":
        this.listener.onAnswer(frame);
        break;
      case "pong":
        this.time.sample(this.pinged, Date.parse(frame.now));
        break;
      case "watchers":
        this.listener.onWatchers(frame.count);
        break;
      case "clocks":
        this.listener.onClocks(frame);
        break;
      case "error":
        console.warn("the server did not take a frame", frame.code, frame.detail);
        break;
    }
  }
}
