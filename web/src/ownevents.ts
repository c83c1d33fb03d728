// The signed-in player's notifications: their seat, and the game that begins.
import { effect, signal } from "@preact/signals";
import { account } from "./session";
import { go, path } from "./router";
import type { OwnEvent, Seat } from "./wire/types";

export const seat = signal<Seat>({ status: "idle" });
export const queuedSince = signal<number | undefined>(undefined);
/** ratings are the newest ratings after games, by game. */
export const ratedGames = signal<Record<string, { rating: number; change: number }>>({});
/** startedGame is the game of the player that started last. */
export const startedGame = signal("");
/** listening is whether the stream is open. */
export const listening = signal(false);

let stream: EventSource | undefined;
let again: ReturnType<typeof setTimeout> | undefined;

effect(() => {
  const who = account.value?.id;
  stream?.close();
  clearTimeout(again);
  listening.value = false;
  seat.value = { status: "idle" };
  if (who) listen();
});

function listen() {
  stream = new EventSource("/v1/me/events");
  for (const type of ["state", "queued", "left", "matched", "game_started", "match_failed", "game_over", "rated"]) {
    stream.addEventListener(type, (e) => onEvent(JSON.parse((e as MessageEvent).data) as OwnEvent));
  }
  stream.onopen = () => (listening.value = true);
  stream.onerror = () => {
    listening.value = false;
    if (stream?.readyState !== EventSource.CLOSED) return; // it connects again by itself
    clearTimeout(again);
    again = setTimeout(() => account.peek() && listen(), 2000);
  };
}

function setSeat(next: Seat) {
  if (next.status === "queued" && seat.peek().ticketId !== next.ticketId) queuedSince.value = Date.now();
  seat.value = next;
}

function onEvent(e: OwnEvent) {
  switch (e.type) {
    case "state":
      setSeat(e.seat!);
      if (e.seat!.status === "playing") startedGame.value = e.seat!.gameId!;
      break;
    case "queued":
      setSeat({ status: "queued", queue: e.queue, region: e.region, ticketId: e.ticketId });
      break;
    case "left":
      if (seat.peek().status === "queued") setSeat({ status: "idle" });
      break;
    case "matched":
      setSeat({ status: "playing", gameId: e.gameId });
      break;
    case "game_started":
      setSeat({ status: "playing", gameId: e.gameId });
      // A game may also follow by itself on the one before, while its board is shown.
      if (path.peek() === "/" || (startedGame.peek() && path.peek() === `/game/${startedGame.peek()}`)) go(`/game/${e.gameId}`);
      startedGame.value = e.gameId!;
      break;
    case "match_failed":
      break; // a "state" or "queued" says what follows
    case "game_over":
      if (seat.peek().gameId === e.gameId) setSeat({ status: "idle" });
      break;
    case "rated":
      ratedGames.value = { ...ratedGames.peek(), [e.gameId!]: { rating: e.rating!, change: e.change ?? 0 } };
      break;
  }
}
