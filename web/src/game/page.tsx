import { computed, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { useTick } from "../tick";
import type { Color } from "../wire/types";
import { Board } from "./board";
import { controlText } from "./clocktext";
import type { Link } from "./connection";
import { Controls } from "./controls";
import { other } from "./fold";
import { MoveList, step } from "./moves";
import { firstMoveText, SeatBar } from "./seat";
import { Table } from "./table";
import { TimeChart } from "./timechart";
import { Tools } from "./tools";
import { TypedMove } from "./typed";
import { colorName, resultText } from "./words";
import { openingName } from "./openings";

export function GamePage({ id, me, embedded }: { id: string; me: string | undefined; embedded?: boolean }) {
  const table = useMemo(() => new Table(id, me), [id, me]);
  useEffect(() => () => table.close(), [table]);
  const flipped = useMemo(() => signal(false), [table]);
  const orientation = useMemo(
    () =>
      computed<Color>(() => {
        const own = table.color.value ?? "white";
        return flipped.value ? other(own) : own;
      }),
    [table],
  );
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (e.target instanceof HTMLInputElement || e.target instanceof SVGElement || e.metaKey || e.ctrlKey || e.altKey) return;
      const to = ({ ArrowLeft: "back", ArrowRight: "forward", Home: "first", End: "last" } as const)[e.key as "Home"];
      if (to) step(table, to);
      else if (e.key === "f") flipped.value = !flipped.value;
      else if (e.key === "Escape") table.cancelPremoves();
      else return;
      e.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [table]);

  const g = table.game.value;
  if (table.missing.value) {
    return (
      <section class="card narrow">
        <h1>There is no such game</h1>
        <p>{table.missing.value}</p>
        <p>
          <a href="/">Play a game</a> or <a href="/tv">watch one</a>.
        </p>
      </section>
    );
  }
  if (!g) {
    return (
      <div class="game">
        <div class="boardside">
          <div class="seat empty" />
          <div class="board" />
          <div class="seat empty" />
        </div>
        <p class="loading" role="status">
          {table.notice.value || "Looking for the game…"}
        </p>
      </div>
    );
  }
  const mine = table.color.value;
  if (!embedded) document.title = g.over ? `${g.white.handle} – ${g.black.handle} ${g.result}` : table.myTurn.value ? "Your turn · Tabiya" : `${g.white.handle} – ${g.black.handle} · Tabiya`;
  return (
    <div class="game" data-seq={g.seq} data-plies={g.plies.length} data-over={g.over}>
      <h1 class="visually-hidden">
        {g.white.handle} against {g.black.handle}
      </h1>
      <div class="boardside">
        <SeatBar table={table} color={other(orientation.value)} />
        <Board table={table} orientation={orientation} />
        <SeatBar table={table} color={orientation.value} />
      </div>
      <aside class="panel" aria-label="The game">
        <Status table={table} />
        <MoveList table={table} />
        {mine && !g.over && <TypedMove table={table} />}
        {mine && <Controls table={table} />}
        <div class="row">
          <button onClick={() => (flipped.value = !flipped.value)}>Flip the board</button>
          {table.premoves.value.length > 0 && <button onClick={() => table.cancelPremoves()}>Cancel {table.premoves.value.length === 1 ? "the premove" : "premoves"}</button>}
        </div>
        <Tools table={table} />
      </aside>
      {g.over && <TimeChart table={table} />}
    </div>
  );
}

/** Status says in words how the game and the connection stand. */
function Status({ table }: { table: Table }) {
  const g = table.game.value!;
  useTick(1000, !g.over);
  const mine = table.color.value;
  const opening = openingName(g.plies.map((p) => p.san));
  return (
    <div class="status">
      <p class="muted">
        {controlText(g.timeControl)} {g.speed} · {g.rated ? "rated" : "casual"}
        {table.watchers.value ? ` · ${table.watchers.value} watching` : ""}
        {opening && <span class="opening"> · {opening}</span>}
      </p>
      <p class="turn" role="status">
        {g.over ? (
          <strong>
            {resultText(g.result, g.termination)} <span class="result">{g.result === "*" ? "" : g.result.replace("1/2-1/2", "½–½").replace("-", "–")}</span>
          </strong>
        ) : mine ? (
          g.turn === mine ? (
            table.pendingMove.value ? "Your move is on its way…" : <strong>Your turn</strong>
          ) : (
            `${g[g.turn].handle} is thinking`
          )
        ) : (
          `${colorName(g.turn)} to move`
        )}
      </p>
      {firstMoveText(table) && <p class="muted">{firstMoveText(table)}</p>}
      <LinkState table={table} />
      <Pause table={table} />
      <p class="problem" role="alert">
        {table.notice.value}
      </p>
    </div>
  );
}

/** Pause says that no clock runs, because nobody could move. */
function Pause({ table }: { table: Table }) {
  const text = pauseText(table);
  return (
    <p class={`pause ${text ? "ask" : ""}`} role="status">
      {text}
    </p>
  );
}

function pauseText(table: Table): string {
  const g = table.game.value!;
  const { since, until = 0 } = table.pause.value;
  if (g.over) return "";
  if (since !== undefined) return "Nobody can move at the moment: the server has a problem. No clock runs meanwhile.";
  if (g.waiting) return "After a long outage, the game waits until both players are back. No clock runs meanwhile.";
  const left = Math.ceil((until - table.now()) / 1000);
  return left > 0 ? `Moves are possible again. The clocks run in ${left} s, so that everybody can come back.` : "";
}

function LinkState({ table }: { table: Table }) {
  const link = table.link.value;
  if (table.game.value!.over && link !== "open") return null;
  return (
    <p class={`link ${link}`} data-link={link}>
      {linkText(table, link)}
    </p>
  );
}

function linkText(table: Table, link: Link): string {
  if (link === "replaced") return "This game is open in too many windows, so this one is no longer connected. Load the page again to play here.";
  const lag = table.lagCs();
  if (link === "open") return lag === undefined ? "Connected" : `Connected · lag ${lag * 10} ms`;
  const kept = table.pendingMove.value ? " Your move is kept and will be sent once." : "";
  return (navigator.onLine ? "Connecting again… If the server is away, no clock runs." : "You are offline.") + kept;
}
