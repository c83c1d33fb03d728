// Premoves: moves entered on the opponent's time. They are kept in a queue; each is
// played as soon as the player is to move, if it is legal then, and the first that is
// not clears the rest.
import { Chess, type Square } from "chess.js";
import type { Color } from "../wire/types";

export interface Premove {
  from: string;
  to: string;
  promotion?: string;
}

export const maxPremoves = 8;

const file = (s: string) => s.charCodeAt(0) - 97;
const rank = (s: string) => Number(s[1]) - 1;

/** reaches reports whether the piece could ever move so: the way pieces move, whatever
 * stands between, because the position will be another. */
export function reaches(type: string, color: Color, from: string, to: string): boolean {
  const dx = Math.abs(file(to) - file(from));
  const dy = rank(to) - rank(from);
  const ady = Math.abs(dy);
  if (dx === 0 && dy === 0) return false;
  switch (type) {
    case "p": {
      const ahead = color === "white" ? dy : -dy;
      const home = rank(from) === (color === "white" ? 1 : 6);
      return (ahead === 1 && dx <= 1) || (ahead === 2 && dx === 0 && home);
    }
    case "n":
      return (dx === 1 && ady === 2) || (dx === 2 && ady === 1);
    case "b":
      return dx === ady;
    case "r":
      return dx === 0 || dy === 0;
    case "q":
      return dx === ady || dx === 0 || dy === 0;
    case "k":
      return Math.max(dx, ady) === 1 || (dy === 0 && dx === 2 && file(from) === 4 && rank(from) === (color === "white" ? 0 : 7));
  }
  return false;
}

/** afterPremoves is the board with the premoves played out, as placement of a FEN. */
export function afterPremoves(fen: string, queue: readonly Premove[]): string {
  const board = new Chess(fen, { skipValidation: true });
  for (const m of queue) {
    const piece = board.remove(m.from as Square);
    if (!piece) continue;
    board.remove(m.to as Square);
    board.put({ color: piece.color, type: m.promotion ? (m.promotion as typeof piece.type) : piece.type }, m.to as Square);
    if (piece.type === "k" && Math.abs(file(m.to) - file(m.from)) === 2) castleRook(board, m);
  }
  return board.fen().split(" ")[0]!;
}

function castleRook(board: Chess, m: Premove) {
  const row = m.from[1]!;
  const [from, to] = file(m.to) > file(m.from) ? [`h${row}`, `f${row}`] : [`a${row}`, `d${row}`];
  const rook = board.remove(from as Square);
  if (rook) board.put(rook, to as Square);
}

/** add returns the queue with the premove, or the queue as it is if the piece on the
 * board (after the premoves before) cannot move so. */
export function add(fen: string, queue: readonly Premove[], color: Color, m: Premove): readonly Premove[] {
  if (queue.length >= maxPremoves) return queue;
  const board = new Chess(`${afterPremoves(fen, queue)} w - - 0 1`, { skipValidation: true });
  const piece = board.get(m.from as Square);
  if (!piece || piece.color !== color[0] || !reaches(piece.type, color, m.from, m.to)) return queue;
  const promotes = piece.type === "p" && rank(m.to) === (color === "white" ? 7 : 0);
  return [...queue, { from: m.from, to: m.to, promotion: promotes ? (m.promotion ?? "q") : undefined }];
}

/** next takes the first premove off the queue for a position in which its player is to
 * move. If it is not legal there, the queue is emptied. */
export function next(fen: string, queue: readonly Premove[]): { uci?: string; rest: readonly Premove[] } {
  const [first, ...rest] = queue;
  if (!first) return { rest: [] };
  const legal = new Chess(fen).moves({ verbose: true, square: first.from as Square }).some((m) => m.to === first.to);
  return legal ? { uci: first.from + first.to + (first.promotion ?? ""), rest } : { rest: [] };
}
