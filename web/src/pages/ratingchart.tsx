import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { speeds, type Player, type RatingDay, type Speed } from "../wire/types";
import { speedName } from "./lobby";

const width = 600;
const height = 160;

const dayText = (date: string) => new Date(`${date}T00:00:00Z`).toLocaleDateString("en-GB", { dateStyle: "medium", timeZone: "UTC" });

/** RatingChart shows a player's rating over time, a point for each day on which they
 * played. */
export function RatingChart({ player }: { player: Player }) {
  const played = speeds.filter((s) => player.ratings[s]);
  const [speed, setSpeed] = useState<Speed | undefined>(() => [...played].sort((a, b) => player.ratings[b]!.games - player.ratings[a]!.games)[0]);
  const [days, setDays] = useState<RatingDay[]>();
  const [problem, setProblem] = useState("");
  useEffect(() => {
    if (!speed) return;
    let stale = false;
    void (async () => {
      try {
        const answer = await api.ratingDays(player.id, speed);
        if (stale) return;
        setDays(answer.days);
        setProblem("");
      } catch (err) {
        if (!stale) setProblem((err as Error).message);
      }
    })();
    return () => void (stale = true);
  }, [speed, player]);
  if (!speed) return null;
  return (
    <section class="ratingchart" aria-labelledby="ratingchart">
      <h2 id="ratingchart">Rating over time</h2>
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
      <p class="problem" role="alert">
        {problem}
      </p>
      {days && days.length < 2 && <p class="muted">The chart begins with the second day on which {player.handle} plays a rated {speedName(speed).toLowerCase()} game.</p>}
      {days && days.length > 1 && <Plot days={days} speed={speed} />}
    </section>
  );
}

function Plot({ days, speed }: { days: readonly RatingDay[]; speed: Speed }) {
  const ratings = days.map((d) => d.rating);
  const low = Math.floor((Math.min(...ratings) - 10) / 50) * 50;
  const high = Math.ceil((Math.max(...ratings) + 10) / 50) * 50;
  const [first, last] = [days[0]!, days.at(-1)!];
  const from = Date.parse(first.date);
  const x = (date: string) => ((Date.parse(date) - from) / (Date.parse(last.date) - from)) * width;
  const y = (r: number) => height - ((r - low) / (high - low)) * height;
  const summary = `${speedName(speed)} rating from ${Math.round(first.rating)} on ${dayText(first.date)} to ${Math.round(last.rating)} on ${dayText(last.date)}`;
  return (
    <>
      <div class="plot">
        <span class="high">{high}</span>
        <span class="low">{low}</span>
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={summary}>
          <polyline points={days.map((d) => `${x(d.date).toFixed(1)},${y(d.rating).toFixed(1)}`).join(" ")} vector-effect="non-scaling-stroke" />
        </svg>
      </div>
      <div class="dates muted">
        <span>{dayText(first.date)}</span>
        <span>{dayText(last.date)}</span>
      </div>
    </>
  );
}
