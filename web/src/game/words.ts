// Results and states of a game in words.
import type { Color, Result, Termination } from "../wire/types";
import type { Game } from "./fold";
import { other } from "./fold";

export const colorName = (c: Color): string => (c === "white" ? "White" : "Black");

export function winner(result: Result): Color | undefined {
  return result === "1-0" ? "white" : result === "0-1" ? "black" : undefined;
}

const draws: Partial<Record<Termination, string>> = {
  stalemate: "by stalemate",
  insufficient_material: "because neither side can checkmate",
  fivefold_repetition: "because the position occurred five times",
  seventy_five_moves: "after 75 moves without a capture or a pawn move",
  max_plies: "because the game reached its greatest length",
  threefold_repetition: "by threefold repetition",
  fifty_moves: "by the fifty-move rule",
  agreement: "by agreement",
  abandoned: "because the opponent left",
  time_vs_insufficient_material: "on time, because the other side cannot checkmate",
};

/** rematchFailure says why a rematch is not played. who is the opponent, if it is because of them, else "". */
export function rematchFailure(reason: string, who: string): string {
  switch (reason) {
    case "seat_taken":
      return `The rematch is not played: ${who || "you"} ${who ? "is" : "are"} waiting for another game, or playing one.`;
    case "account_closed":
      return `The rematch is not played: ${who ? `${who} has` : "you have"} closed the account.`;
    default:
      return "The rematch is not played: it could not start in time.";
  }
}

/** resultText says how a game ended: "White wins by checkmate". */
export function resultText(result: Result, termination: Termination | undefined): string {
  const won = winner(result);
  if (won) {
    const [name, loser] = [colorName(won), colorName(other(won))];
    switch (termination) {
      case "checkmate":
        return `${name} wins by checkmate`;
      case "resignation":
        return `${loser} resigned, ${name} wins`;
      case "time_forfeit":
        return `${loser} ran out of time, ${name} wins`;
      case "abandoned":
        return `${loser} left the game, ${name} wins`;
    }
    return `${name} wins`;
  }
  if (result === "1/2-1/2") return `Draw ${(termination && draws[termination]) ?? ""}`.trim();
  switch (termination) {
    case "aborted_by_player":
      return "Aborted by a player";
    case "first_move_expired":
      return "Aborted: the first move did not come in time";
    case "match_expired":
      return "Aborted: the game did not start in time";
    case "long_outage":
      return "Aborted: the players did not come back after a long outage";
  }
  return "Aborted";
}

/** canClaimDraw reports whether the side to move may claim a draw: the position for the
 * third time, or fifty moves without a capture or a pawn move. */
export function canClaimDraw(g: Game): boolean {
  const key = (fen: string) => fen.split(" ").slice(0, 4).join(" ");
  const now = key(g.fen);
  const times = [g.startFen, ...g.plies.map((p) => p.fen)].filter((fen) => key(fen) === now).length;
  return !g.over && (times >= 3 || Number(g.fen.split(" ")[4]) >= 100);
}

const values: Record<string, number> = { p: 1, n: 3, b: 3, r: 5, q: 9 };
const start: Record<string, number> = { p: 8, n: 2, b: 2, r: 2, q: 1 };

/** captured lists what a side has taken, and by how much it is ahead. */
export function captured(fen: string, color: Color): { pieces: string[]; ahead: number } {
  const count: Record<string, number> = {};
  for (const c of fen.split(" ")[0]!) count[c] = (count[c] ?? 0) + 1;
  const mine = (p: string) => count[color === "white" ? p.toUpperCase() : p] ?? 0;
  const theirs = (p: string) => count[color === "white" ? p : p.toUpperCase()] ?? 0;
  const pieces = ["q", "r", "b", "n", "p"].flatMap((p) => Array<string>(Math.max(0, start[p]! - theirs(p))).fill(p));
  const ahead = Object.entries(values).reduce((sum, [p, v]) => sum + v * (mine(p) - theirs(p)), 0);
  return { pieces, ahead };
}
