import { useEffect, useRef } from "preact/hooks";
import { ratedGames } from "../ownevents";
import { sounds } from "../sounds";
import type { Color } from "../wire/types";
import { clockText, lowTimeCs } from "./clocktext";
import { other, remainingCs, running, sideCs, type Game } from "./fold";
import type { Table } from "./table";
import { captured, colorName, winner } from "./words";

const glyphs: Record<string, string> = { q: "♛", r: "♜", b: "♝", n: "♞", p: "♟" };
const names: Record<string, string> = { q: "queen", r: "rook", b: "bishop", n: "knight", p: "pawn" };

/** SeatBar shows a player with their clock and what they have taken. */
export function SeatBar({ table, color }: { table: Table; color: Color }) {
  const g = table.game.value!;
  const who = g[color];
  const taken = captured(table.fenShown.value ?? g.fen, color);
  const gone = g.gone[color] !== undefined;
  const told = table.color.value === color ? ratedGames.value[g.id]?.change : undefined;
  const change = told ?? table.changes.value[color];
  return (
    <div class={`seat ${g.turn === color && !g.over ? "to-move" : ""}`} data-color={color}>
      <span class={`side ${color}`} title={colorName(color)} aria-label={colorName(color)} role="img" />
      <div class="who">
        <div>
          <a class="name" href={`/player/${who.handle}`}>
            {who.handle}
          </a>
          <span class="rating">{Math.round(who.rating)}</span>
          {change !== undefined && (
            <span class="change" title="change of the rating">
              {change >= 0 ? "+" : "−"}
              {Math.abs(Math.round(change))}
            </span>
          )}
          {gone && <span class="tag warn">has left</span>}
          {winner(g.result) === color && <span class="tag good">won</span>}
        </div>
        <div class="taken">
          {taken.pieces.length > 0 && (
            <span role="img" aria-label={`has taken ${taken.pieces.map((p) => names[p]).join(", ")}`}>
              {taken.pieces.map((p) => glyphs[p]).join("")}
            </span>
          )}
          {taken.ahead > 0 && <span title="ahead in material, in pawns">+{taken.ahead}</span>}
        </div>
      </div>
      <ClockFace table={table} game={g} color={color} />
    </div>
  );
}

/** ClockFace writes the clock at each frame, without rendering anything else. */
function ClockFace({ table, game, color }: { table: Table; game: Game; color: Color }) {
  const at = useRef<HTMLSpanElement>(null);
  const looks = table.looksAt.value;
  const low = lowTimeCs(game.timeControl.initialCs);
  const runs = running(game) && !game.waiting && game.turn === color;
  const stands = table.pause.value.since !== undefined;
  useEffect(() => {
    let frame = 0;
    let warned = false;
    const draw = () => {
      const cs = looks === undefined ? remainingCs(game, color, table.clockNow()) : clockAt(game, color, looks);
      const face = at.current!;
      const text = clockText(cs);
      if (face.textContent !== text) face.textContent = text;
      const isLow = cs < low && !game.over;
      face.parentElement!.classList.toggle("low", isLow);
      if (isLow && runs && !warned && cs > low - 100 && table.color.peek() === color) sounds.lowTime();
      warned = isLow;
      if (runs && !stands && looks === undefined) frame = requestAnimationFrame(draw);
    };
    draw();
    return () => cancelAnimationFrame(frame);
  }, [game, looks, color, runs, stands]);
  return (
    <div class={`clock ${runs && !stands ? "runs" : ""}`} role="timer" aria-label={`${colorName(color)}'s clock`}>
      <span class="lowword">low time</span>
      <span class="face" ref={at} />
    </div>
  );
}

/** clockAt is a side's clock after a ply. */
export function clockAt(g: Game, color: Color, ply: number): number {
  const p = g.plies[ply - 1];
  return p ? sideCs(p, color) : g.timeControl.initialCs;
}

/** FirstMove says how long the first move may take: no clock runs yet. */
export function firstMoveText(table: Table): string {
  const g = table.game.value!;
  if (g.over || g.plies.length >= 2 || !g.deadlineAt || g.waiting || table.pause.value.since) return "";
  const s = Math.max(0, Math.ceil((g.deadlineAt - table.now()) / 1000));
  const mine = table.color.value;
  const who = mine === g.turn ? "You have" : `${mine === other(g.turn) ? g[g.turn].handle : colorName(g.turn)} has`;
  return `${who} ${s} s to make the first move. No clock runs yet.`;
}
