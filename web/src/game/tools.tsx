import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { step } from "./moves";
import type { Table } from "./table";

/** Tools copy and save a game, and play it through. */
export function Tools({ table }: { table: Table }) {
  const [said, setSaid] = useState("");
  const g = table.game.value!;

  async function copy(what: string, text: () => Promise<string> | string) {
    try {
      await navigator.clipboard.writeText(await text());
      setSaid(`${what} copied.`);
    } catch (err) {
      setSaid(err instanceof DOMException ? "The browser does not let this page copy." : (err as Error).message);
    }
  }

  async function save() {
    try {
      const url = URL.createObjectURL(new Blob([await api.pgn(g.id)], { type: "application/x-chess-pgn" }));
      const link = document.createElement("a");
      link.href = url;
      link.download = `tabiya-${g.id}.pgn`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
      setSaid("PGN saved.");
    } catch (err) {
      setSaid((err as Error).message);
    }
  }

  return (
    <div class="tools">
      <div class="row">
        {g.over && <AutoPlay table={table} />}
        <button onClick={() => void copy("FEN", () => table.fenShown.value!)}>Copy FEN</button>
        {g.over && (
          <>
            <button onClick={() => void copy("PGN", () => api.pgn(g.id))}>Copy PGN</button>
            <button onClick={() => void save()}>Save PGN</button>
          </>
        )}
        <button onClick={() => void copy("Address", () => location.href)}>Copy address</button>
      </div>
      <p class="said" role="status">
        {said}
      </p>
    </div>
  );
}

function AutoPlay({ table }: { table: Table }) {
  const [plays, setPlays] = useState(false);
  useEffect(() => {
    if (!plays) return;
    const timer = setInterval(() => {
      step(table, "forward");
      if (table.looksAt.peek() === undefined) setPlays(false);
    }, 900);
    return () => clearInterval(timer);
  }, [plays]);
  return (
    <button
      aria-pressed={plays}
      onClick={() => {
        if (!plays && table.looksAt.peek() === undefined) step(table, "first");
        setPlays(!plays);
      }}
    >
      {plays ? "Stop" : "Play through"}
    </button>
  );
}
