import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api";
import { controlText } from "../game/clocktext";
import { resultText } from "../game/words";
import { speeds, type FinishedGame, type LiveGame, type Player, type Speed } from "../wire/types";
import { speedName } from "./lobby";
import { RatingChart } from "./ratingchart";

type Filters = Record<"speed" | "result" | "color" | "opponent" | "since" | "until", string>;
const noFilters: Filters = { speed: "", result: "", color: "", opponent: "", since: "", until: "" };

export function PlayerPage({ name }: { name: string }) {
  document.title = `${name} · Tabiya`;
  const [player, setPlayer] = useState<Player>();
  const [running, setRunning] = useState<LiveGame[]>([]);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    void (async () => {
      try {
        const p = await api.player(name);
        setPlayer(p);
        setRunning((await api.gamesOf(p.id)).games);
      } catch (err) {
        setProblem((err as Error).message);
      }
    })();
  }, [name]);
  if (!player) {
    return problem ? (
      <section class="card narrow">
        <h1>{name}</h1>
        <p role="alert">{problem}</p>
      </section>
    ) : (
      <p class="loading">Loading…</p>
    );
  }
  return (
    <div class="player">
      <h1>{player.handle}</h1>
      <p class="muted">
        {player.closed ? "This account is closed." : `Here since ${new Date(player.createdAt).toLocaleDateString("en-GB", { dateStyle: "medium" })}.`} {player.country ?? ""}
      </p>
      <Ratings player={player} />
      {running.length > 0 && (
        <>
          <h2>Playing now</h2>
          <ul class="live">
            {running.map((g) => (
              <li key={g.id}>
                <a href={`/game/${g.id}`}>
                  {controlText(g.timeControl)} · {g.white.handle} – {g.black.handle} <span class="muted">· move {Math.floor(g.ply / 2) + 1}</span>
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
      <RatingChart player={player} />
      <Games player={player} />
    </div>
  );
}

function Ratings({ player }: { player: Player }) {
  const played = speeds.filter((s) => player.ratings[s]);
  if (played.length === 0) return <p>No rated game yet.</p>;
  return (
    <dl class="ratings">
      {played.map((s) => {
        const r = player.ratings[s]!;
        return (
          <div key={s}>
            <dt>{speedName(s)}</dt>
            <dd>
              <strong>{Math.round(r.rating)}</strong>
              <span class="muted">
                {" "}
                ± {Math.round(r.deviation)} · {r.games} {r.games === 1 ? "game" : "games"}
                {r.provisional ? " · provisional" : ""}
              </span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function Games({ player }: { player: Player }) {
  const [filters, setFilters] = useState(noFilters);
  const [games, setGames] = useState<FinishedGame[]>();
  const [next, setNext] = useState<string>();
  const [problem, setProblem] = useState("");
  const loading = useRef(0);
  const end = useRef<HTMLDivElement>(null);

  async function load(cursor?: string) {
    const turn = ++loading.current;
    try {
      const query: Record<string, string> = { limit: "25", ...Object.fromEntries(Object.entries(filters).filter(([, v]) => v !== "")) };
      if (filters.opponent) query["opponent"] = (await api.player(filters.opponent)).id;
      if (filters.until) query["until"] = dayAfter(filters.until); // the day that is named belongs to it
      if (cursor) query["cursor"] = cursor;
      const page = await api.games(player.id, query);
      if (turn !== loading.current) return; // the filters have changed meanwhile
      setGames((before) => (cursor ? [...(before ?? []), ...page.games] : page.games));
      setNext(page.next);
      setProblem("");
    } catch (err) {
      if (turn === loading.current) setProblem((err as Error).message);
    }
  }
  useEffect(() => void load(), [player.id, filters]);
  useEffect(() => {
    if (!next || !end.current) return;
    const seen = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && void load(next));
    seen.observe(end.current);
    return () => seen.disconnect();
  }, [next]);

  const select = (name: keyof Filters, label: string, options: readonly (readonly [string, string])[]) => (
    <label>
      {label}
      <select value={filters[name]} onChange={(e) => setFilters({ ...filters, [name]: e.currentTarget.value })}>
        <option value="">any</option>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
  const input = (name: keyof Filters, label: string, type: string) => (
    <label>
      {label}
      {/* Its text is its own until it is entered: what renders meanwhile must not empty it. */}
      <input type={type} defaultValue={filters[name]} onChange={(e) => setFilters({ ...filters, [name]: e.currentTarget.value.trim() })} />
    </label>
  );
  return (
    <section>
      <h2>Games</h2>
      <div class="filters">
        {select(
          "speed",
          "Speed",
          speeds.map((s) => [s, speedName(s)] as const),
        )}
        {select("result", "Result", [
          ["win", "won"],
          ["loss", "lost"],
          ["draw", "drawn"],
        ])}
        {select("color", "Colour", [
          ["white", "White"],
          ["black", "Black"],
        ])}
        {input("opponent", "Opponent", "text")}
        {input("since", "From", "date")}
        {input("until", "To", "date")}
      </div>
      <p class="problem" role="alert">
        {problem}
      </p>
      {games?.length === 0 && <p class="muted">No finished game{JSON.stringify(filters) === JSON.stringify(noFilters) ? " yet" : " like this"}.</p>}
      <ul class="games">
        {games?.map((g) => (
          <GameRow key={g.id} game={g} player={player.id} />
        ))}
      </ul>
      <div ref={end}>{next && <button onClick={() => void load(next)}>More games</button>}</div>
    </section>
  );
}

function dayAfter(date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + 1);
  return day.toISOString().slice(0, 10);
}

function GameRow({ game, player }: { game: FinishedGame; player: string }) {
  const white = game.white.playerId === player;
  const outcome = game.result === "*" ? "aborted" : game.result === "1/2-1/2" ? "drawn" : (game.result === "1-0") === white ? "won" : "lost";
  const opponent = white ? game.black : game.white;
  return (
    <li>
      <a href={`/game/${game.id}`}>
        <span class={`tag ${outcome === "won" ? "good" : outcome === "lost" ? "bad" : ""}`}>{outcome}</span>
        <span class="vs">
          with {white ? "White" : "Black"} against <strong>{opponent.handle}</strong> ({Math.round(opponent.rating)})
        </span>
        <span class="muted">
          {controlText(game.timeControl)} {speedName(game.speed as Speed).toLowerCase()} · {resultText(game.result, game.termination)} · {Math.ceil(game.plies / 2)} moves ·{" "}
          <time dateTime={game.endedAt}>{new Date(game.endedAt).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}</time>
        </span>
      </a>
    </li>
  );
}
