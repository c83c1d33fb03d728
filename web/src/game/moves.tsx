import { useEffect, useRef } from "preact/hooks";
import type { Table } from "./table";

/** step looks at the ply before or after, or at the first or last. */
export function step(table: Table, to: "first" | "back" | "forward" | "last") {
  const g = table.game.peek();
  if (!g) return;
  const last = g.plies.length;
  const at = table.looksAt.peek() ?? last;
  const ply = to === "first" ? 0 : to === "back" ? Math.max(0, at - 1) : to === "forward" ? at + 1 : last;
  table.looksAt.value = ply >= last ? undefined : ply;
}

export function MoveList({ table }: { table: Table }) {
  const g = table.game.value!;
  const at = table.looksAt.value ?? g.plies.length;
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const button = list.current?.querySelector<HTMLElement>('[aria-current="true"]');
    if (button && list.current) list.current.scrollTop = button.offsetTop - list.current.clientHeight / 2;
  }, [at, g.plies.length]);
  const rows = [];
  for (let i = 0; i < g.plies.length; i += 2) rows.push(g.plies.slice(i, i + 2));
  return (
    <div class="moves">
      <ol ref={list} aria-label="Moves" tabIndex={0}>
        {rows.map((pair, i) => (
          <li key={i}>
            <span class="number">{i + 1}.</span>
            {pair.map((p) => (
              <button key={p.ply} class="ply" aria-current={p.ply === at ? "true" : undefined} onClick={() => (table.looksAt.value = p.ply === g.plies.length ? undefined : p.ply)}>
                {p.san}
              </button>
            ))}
          </li>
        ))}
      </ol>
      <div class="steps" role="group" aria-label="Step through the moves">
        {(
          [
            ["first", "«", "First position"],
            ["back", "‹", "One move back"],
            ["forward", "›", "One move forward"],
            ["last", "»", "Last position"],
          ] as const
        ).map(([to, sign, name]) => (
          <button key={to} aria-label={name} title={name} disabled={to === "first" || to === "back" ? at === 0 : at === g.plies.length} onClick={() => step(table, to)}>
            <span aria-hidden="true">{sign}</span>
          </button>
        ))}
      </div>
    </div>
  );
}
