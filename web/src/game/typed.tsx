import { Chess } from "chess.js";
import { useState } from "preact/hooks";
import { sentence } from "../problems";
import type { Table } from "./table";

/** TypedMove plays a move that is written: e4, Nf3, e2e4. */
export function TypedMove({ table }: { table: Table }) {
  const [text, setText] = useState("");
  const g = table.game.value!;
  function submit(e: Event) {
    e.preventDefault();
    const typed = text.trim();
    if (!typed) return;
    const move = read(g.fen, typed);
    if (!move && table.myTurn.value) {
      table.notice.value = /^[a-hKQRBNO][\w=+#-]*$/.test(typed) ? sentence("illegal_move") : sentence("malformed_move");
      return;
    }
    const squares = /^([a-h][1-8])([a-h][1-8])([qrbn])?$/.exec(typed.toLowerCase());
    const entered = move ? table.enter(move.from, move.to, move.promotion) : squares ? table.enter(squares[1]!, squares[2]!, squares[3]) : false;
    if (!entered) table.notice.value = "It is not your turn. For a premove, write both squares: e2e4.";
    else setText("");
  }
  return (
    <form class="typed" onSubmit={submit}>
      <label>
        <span>Type a move</span>
        <input name="move" autocomplete="off" autocapitalize="none" spellcheck={false} placeholder="e4, Nf3 or e2e4" value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </label>
      <button>Move</button>
    </form>
  );
}

function read(fen: string, typed: string) {
  try {
    return new Chess(fen).move(typed, { strict: false });
  } catch {
    return undefined;
  }
}
