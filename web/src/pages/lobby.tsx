import { useState } from "preact/hooks";
import { api, newKey } from "../api";
import { controlText } from "../game/clocktext";
import { Refused } from "../problems";
import { account } from "../session";
import { go } from "../router";
import { queuedSince, seat } from "../ownevents";
import type { Queue, Speed, TV } from "../wire/types";
import { usePolled, useTick } from "../tick";

const about: Record<Speed, string> = { ultrabullet: "Ultrabullet", bullet: "Bullet", blitz: "Blitz", rapid: "Rapid", classical: "Classical" };
export const speedName = (s: Speed) => about[s];

/** poolName writes a pool's name: "3+2 casual" for 3+2-casual. */
export const poolName = (queue: string) => queue.replace("-casual", " casual");

export function waitText(ms: number | undefined): string {
  if (ms === undefined) return "no recent games";
  const s = Math.max(1, Math.round(ms / 1000));
  return s < 90 ? `about ${s} s` : `about ${Math.round(s / 60)} min`;
}

export function Lobby() {
  document.title = "Play chess · Tabiya";
  const [queues, setQueues] = useState<Queue[]>();
  const [tv, setTV] = useState<TV>();
  const [problem, setProblem] = useState("");

  const away = usePolled(3000, async (signal) => {
    const [q, t] = await Promise.all([api.queues(signal), api.tv(signal)]);
    setQueues(q.queues);
    setTV(t);
  });

  const region = account.value?.region ?? queues?.[0]?.region;
  const pools = queues?.filter((q) => q.region === region);

  async function click(queue: string) {
    if (!account.value) return go("/register");
    setProblem("");
    const s = seat.value;
    try {
      if (s.status === "queued") await api.leave(s.queue!, newKey());
      if (s.status !== "queued" || s.queue !== queue) await api.join(queue, newKey());
    } catch (err) {
      if (err instanceof Refused && err.code === "not_queued") return;
      setProblem((err as Error).message);
    }
  }

  return (
    <div class="lobby">
      <h1>Play chess</h1>
      <p class="lead">
        {account.value === null ? (
          <>
            <a href="/register">Register</a> with a name and a password, choose a time, and the next player of your strength is your opponent.
          </>
        ) : (
          "Choose a time: minutes for each side, and seconds added for each move."
        )}
      </p>
      <SeatBanner pools={pools} onLeave={(q) => void click(q)} />
      <p class="problem" role="alert">
        {problem || away}
      </p>
      <Pools of={(pools ?? placeholders).filter((q) => q.rated)} loading={!pools} onClick={(q) => void click(q)} />
      <h2>Casual: these games change no rating</h2>
      <Pools of={(pools ?? placeholders).filter((q) => !q.rated)} loading={!pools} onClick={(q) => void click(q)} />
      <h2>Live now</h2>
      <ul class="live">
        {tv?.channels.map(({ speed, game }) => (
          <li key={speed}>
            <a href={`/game/${game.id}`}>
              <span class="speed">{speedName(speed)}</span> {game.white.handle} ({Math.round(game.white.rating)}) – {game.black.handle} ({Math.round(game.black.rating)})
              <span class="muted"> · move {Math.floor(game.ply / 2) + 1}</span>
            </a>
          </li>
        ))}
        {tv && tv.channels.length === 0 && <li class="muted">No game is in progress. Start one!</li>}
      </ul>
    </div>
  );
}

function Pools({ of, loading, onClick }: { of: readonly Queue[]; loading: boolean; onClick: (queue: string) => void }) {
  return (
    <div class="pools" aria-busy={loading}>
      {of.map((q) => {
        const mine = seat.value.status === "queued" && seat.value.queue === q.queue;
        return (
          <button key={q.queue} class={`pool ${mine ? "mine" : ""}`} data-queue={q.queue} disabled={loading || seat.value.status === "playing"} onClick={() => onClick(q.queue)} aria-pressed={mine}>
            <span class="time">{loading ? "…" : controlText(q.timeControl)}</span>
            <span class="speed">
              {speedName(q.speed)}
              {!q.rated && <span class="visually-hidden"> casual</span>}
            </span>
            <span class="wait">
              {mine ? "you are waiting; click to leave" : q.waiting > 0 ? `${q.waiting} waiting · ${waitText(q.expectedWaitMs)}` : q.expectedWaitMs !== undefined ? `usually ${waitText(q.expectedWaitMs)}` : "nobody waits"}
            </span>
          </button>
        );
      })}
    </div>
  );
}

/** placeholders take the room of the pools until they are known. */
const placeholders: Queue[] = Array.from({ length: 17 }, (_, i) => ({
  queue: String(i),
  region: "",
  speed: "blitz",
  rated: i < 11,
  waiting: 0,
  timeControl: { initialCs: 0, incrementCs: 0 },
}));

function SeatBanner({ pools, onLeave }: { pools: Queue[] | undefined; onLeave: (queue: string) => void }) {
  const s = seat.value;
  useTick(1000, s.status === "queued");
  if (s.status === "playing") {
    return (
      <div class="banner" role="status">
        <span>You are in a game.</span>
        <a class="button primary" href={`/game/${s.gameId}`}>
          Go to the board
        </a>
      </div>
    );
  }
  if (s.status === "queued") {
    const waited = Math.max(0, Math.floor((Date.now() - (queuedSince.value ?? Date.now())) / 1000));
    const pool = pools?.find((q) => q.queue === s.queue);
    return (
      <div class="banner" role="status">
        <span class="pulse" aria-hidden="true" />
        <span>
          Looking for an opponent for <strong>{poolName(s.queue!)}</strong>: {Math.floor(waited / 60)}:{String(waited % 60).padStart(2, "0")}
          {pool?.expectedWaitMs !== undefined && <span class="muted"> (usually {waitText(pool.expectedWaitMs)})</span>}
        </span>
        <button onClick={() => onLeave(s.queue!)}>Leave the queue</button>
      </div>
    );
  }
  return null;
}
