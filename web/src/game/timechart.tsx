import type { Table } from "./table";
import { durationText } from "./clocktext";
import { sideCs, type Ply } from "./fold";

const width = 600;
const half = 70;

/** TimeChart shows where the time went: a bar for each move, White's up and Black's
 * down, with the part that was given back for lag hatched. */
export function TimeChart({ table }: { table: Table }) {
  const g = table.game.value!;
  const plies = g.plies;
  if (plies.length === 0) return null;
  const longest = Math.max(1, ...plies.map((p) => p.elapsedCs));
  const outage = plies.some((p) => p.restoredCs > 0);
  const bar = width / Math.max(plies.length, 20);
  const height = (cs: number) => Math.sqrt(cs / longest) * half; // short moves stay visible
  const at = (table.looksAt.value ?? plies.length) - 1;
  const looked = plies[at];
  return (
    <section class="timechart" aria-labelledby="timechart">
      <h2 id="timechart">Where the time went</h2>
      <svg viewBox={`0 ${-half - 2} ${width} ${2 * half + 4}`} preserveAspectRatio="none" role="img" aria-label={summary(plies)}>
        <defs>
          <pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="2" height="4" class="hatch" />
          </pattern>
        </defs>
        <line x1="0" y1="0" x2={width} y2="0" class="axis" />
        {plies.map((p, i) => {
          const all = height(p.elapsedCs);
          const back = p.elapsedCs > 0 ? (all * (p.compensatedCs + p.restoredCs)) / p.elapsedCs : 0;
          const up = p.color === "white";
          return (
            <g key={i} data-ply={p.ply} class={i === at ? "looked" : ""} onClick={() => (table.looksAt.value = p.ply === plies.length ? undefined : p.ply)}>
              <rect class="hit" x={i * bar} y={-half} width={bar} height={2 * half} />
              <rect class={`bar ${p.color}`} x={i * bar + bar * 0.1} y={up ? -all : 0} width={bar * 0.8} height={Math.max(1, all)} />
              {back > 0 && <rect fill="url(#hatch)" x={i * bar + bar * 0.1} y={up ? -all : all - back} width={bar * 0.8} height={back} />}
            </g>
          );
        })}
      </svg>
      <p class="muted">Up: White. Down: Black. Hatched: given back for lag{outage ? " or an outage" : ""}. Heights grow with the square root of the time.</p>
      {looked && (
        <p class="audit">
          <strong>
            {Math.ceil(looked.ply / 2)}
            {looked.color === "white" ? "." : "…"} {looked.san}
          </strong>
          : took {durationText(looked.elapsedCs)}, {durationText(looked.compensatedCs)} given back for lag, {looked.restoredCs > 0 && `${durationText(looked.restoredCs)} not counted because nobody could move, `}
          {durationText(looked.chargedCs)} charged.
        </p>
      )}
      <details>
        <summary>All moves as a table</summary>
        <div class="scroll" tabIndex={0} role="region" aria-label="Time of each move">
          <table>
            <thead>
              <tr>
                <th scope="col">Move</th>
                <th scope="col">Took</th>
                <th scope="col">Given back</th>
                {outage && <th scope="col">Outage</th>}
                <th scope="col">Charged</th>
                <th scope="col">Left</th>
              </tr>
            </thead>
            <tbody>
              {plies.map((p) => (
                <tr key={p.ply} data-ply={p.ply} data-elapsed={p.elapsedCs} data-compensated={p.compensatedCs} data-charged={p.chargedCs} data-restored={p.restoredCs}>
                  <th scope="row">
                    {Math.ceil(p.ply / 2)}
                    {p.color === "white" ? "." : "…"} {p.san}
                  </th>
                  <td>{durationText(p.elapsedCs)}</td>
                  <td>{durationText(p.compensatedCs)}</td>
                  {outage && <td>{durationText(p.restoredCs)}</td>}
                  <td>{durationText(p.chargedCs)}</td>
                  <td>{durationText(sideCs(p, p.color))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}

function summary(plies: readonly Ply[]): string {
  const sum = (color: string) => durationText(plies.filter((p) => p.color === color).reduce((s, p) => s + p.chargedCs, 0));
  return `Time for each move. White was charged ${sum("white")} in all, Black ${sum("black")}.`;
}
