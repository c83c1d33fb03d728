import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { MiniBoard } from "../game/board";
import { GamePage } from "../game/page";
import { account } from "../session";
import { speeds, type LiveGame, type Speed, type TV } from "../wire/types";
import { usePolled } from "../tick";
import { speedName } from "./lobby";

function Tabs({ at }: { at?: Speed }) {
  return (
    <nav class="tabs" aria-label="Channels">
      <a href="/tv" aria-current={at ? undefined : "page"}>
        All
      </a>
      {speeds.map((s) => (
        <a key={s} href={`/tv/${s}`} aria-current={s === at ? "page" : undefined}>
          {speedName(s)}
        </a>
      ))}
    </nav>
  );
}

/** Channels shows the best live game of each speed. */
export function Channels() {
  document.title = "Watch · Tabiya";
  const [tv, setTV] = useState<TV>();
  const problem = usePolled(2000, async (signal) => setTV(await api.tv(signal)));
  return (
    <section>
      <h1>Watch live games</h1>
      <Tabs />
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="channels">
        {tv?.channels.map(({ speed, game }) => (
          <Channel key={speed} speed={speed} game={game} />
        ))}
      </div>
      {tv?.channels.length === 0 && (
        <p>
          No game is in progress. <a href="/">Start one</a>, or come back in a while: this page follows by itself.
        </p>
      )}
    </section>
  );
}

function Channel({ speed, game }: { speed: Speed; game: LiveGame }) {
  const title = `${game.white.handle} (${Math.round(game.white.rating)}) – ${game.black.handle} (${Math.round(game.black.rating)})`;
  return (
    <a class="card channel" href={`/tv/${speed}`}>
      <h2>{speedName(speed)}</h2>
      <MiniBoard fen={game.fen} label={`${title}, move ${Math.floor(game.ply / 2) + 1}`} />
      <p>{title}</p>
    </a>
  );
}

/** TVPage follows a channel: another game takes its place by itself. */
export function TVPage({ speed }: { speed: Speed }) {
  document.title = `${speedName(speed)} · Tabiya`;
  const [id, setId] = useState<string | null>();
  useEffect(() => {
    const stream = new EventSource(`/v1/tv/${speed}/events`);
    stream.addEventListener("tv", (e) => {
      const frame = JSON.parse((e as MessageEvent).data) as { game?: LiveGame };
      // A game that has ended stays until another begins.
      setId((shown) => frame.game?.id ?? shown ?? null);
    });
    return () => stream.close();
  }, [speed]);
  return (
    <>
      <Tabs at={speed} />
      {id && <GamePage key={id} id={id} me={account.value?.id} embedded />}
      {id === null && <p>No {speedName(speed).toLowerCase()} game is in progress. This page shows the next one as soon as it begins.</p>}
      {id === undefined && <p class="loading">Loading…</p>}
    </>
  );
}
