import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { speeds, type FinishedGame, type Player, type Speed } from "../wire/types";
import { speedName } from "./lobby";

const width = 600;
const height = 160;

/** RatingChart shows the rating before each of the last rated games of a speed, and the
 * rating now. */
export function RatingChart({ player }: { player: Player }) {
  const played = speeds.filter((s) => player.ratings[s]);
  const [speed, setSpeed] = useState<Speed | undefined>(() => [...played].sort((a, b) => player.ratings[b]!.games - player.ratings[a]!.games)[0]);
  const [points, setPoints] = useState<number[]>([]);
  useEffect(() => {
    if (!speed) return;
    let stale = false;
    void api.games(player.id, { speed, limit: "200" }).then(
      (page) => {
        if (stale) return;
        const before = page.games.filter((g) => g.rated && g.result !== "*" && g.white.ratingChange !== undefined).map((g) => ratingOf(g, player.id));
        setPoints([...before.reverse(), player.ratings[speed]!.rating]);
      },
      () => setPoints([]), // the list below says what is wrong
    );
    return () => void (stale = true);
  }, [speed, player]);
  if (!speed || points.length < 2) return null;
  const low = Math.floor((Math.min(...points) - 10) / 50) * 50;
  const high = Math.ceil((Math.max(...points) + 10) / 50) * 50;
  const x = (i: number) => (i / (points.length - 1)) * width;
  const y = (r: number) => height - ((r - low) / (high - low)) * height;
  return (
    <section class="ratingchart" aria-labelledby="ratingchart">
      <h2 id="ratingchart">Rating</h2>
      <label>
        Speed{" "}
        <select value={speed} onChange={(e) => setSpeed(e.currentTarget.value as Speed)}>
          {played.map((s) => (
            <option key={s} value={s}>
              {speedName(s)}
            </option>
          ))}
        </select>
      </label>
      <div class="plot">
        <span class="high">{high}</span>
        <span class="low">{low}</span>
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={`${speedName(speed)} rating over ${points.length - 1} games: from ${Math.round(points[0]!)} to ${Math.round(points.at(-1)!)}`}>
          <polyline points={points.map((r, i) => `${x(i).toFixed(1)},${y(r).toFixed(1)}`).join(" ")} vector-effect="non-scaling-stroke" />
        </svg>
      </div>
    </section>
  );
}

const ratingOf = (g: FinishedGame, player: string) => (g.white.playerId === player ? g.white.rating : g.black.rating);
