import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { speeds, type Leaderboard, type Speed } from "../wire/types";
import { account } from "../session";
import { speedName } from "./lobby";

/** LeaderboardPage lists the best players of a speed. */
export function LeaderboardPage({ speed }: { speed: Speed }) {
  document.title = `Best ${speedName(speed).toLowerCase()} players · Tabiya`;
  const [board, setBoard] = useState<Leaderboard>();
  const [problem, setProblem] = useState("");
  const [loading, setLoading] = useState(false);

  async function load(cursor?: string) {
    setLoading(true);
    try {
      const page = await api.leaderboard(speed, cursor);
      setBoard((before) => (cursor && before ? { ...page, players: [...before.players, ...page.players] } : page));
      setProblem("");
    } catch (err) {
      setProblem((err as Error).message);
    }
    setLoading(false);
  }
  useEffect(() => void load(), []);

  return (
    <section>
      <h1>Best {speedName(speed).toLowerCase()} players</h1>
      <nav class="tabs" aria-label="Speeds">
        {speeds.map((s) => (
          <a key={s} href={`/leaderboard/${s}`} aria-current={s === speed ? "page" : undefined}>
            {speedName(s)}
          </a>
        ))}
      </nav>
      <p class="muted">
        With at least 30 rated games, a rating that is known to ± 75, and a game within the last seven days.
        {board?.asOf && ` As of ${new Date(board.asOf).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}.`}
      </p>
      <p class="problem" role="alert">
        {problem}
      </p>
      {board?.players.length === 0 && (
        <p>
          Nobody is on this list yet. <a href="/">Play {speedName(speed).toLowerCase()}</a> to be the first.
        </p>
      )}
      {board && board.players.length > 0 && <Table board={board} />}
      {board?.next && (
        <button disabled={loading} onClick={() => void load(board.next)}>
          More players
        </button>
      )}
    </section>
  );
}

function Table({ board }: { board: Leaderboard }) {
  return (
    <table class="leaders">
      <thead>
        <tr>
          <th scope="col">Rank</th>
          <th scope="col">Player</th>
          <th scope="col">Rating</th>
          <th scope="col">Games</th>
        </tr>
      </thead>
      <tbody>
        {board.players.map((p) => (
          <tr key={p.playerId} class={p.playerId === account.value?.id ? "mine" : ""}>
            <td>{p.rank}</td>
            <th scope="row">
              <a href={`/player/${p.handle}`}>{p.handle}</a> <span class="muted">{p.country ?? ""}</span>
            </th>
            <td>
              <strong>{Math.round(p.rating)}</strong> <span class="muted">± {Math.round(p.deviation)}</span>
            </td>
            <td>{p.games}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
