import type { Code, Problem } from "./wire/types";

/** Refused is an answer of the server that is no success, or its absence. */
export class Refused extends Error {
  constructor(
    readonly code: Code | "offline",
    readonly detail: string,
    readonly retryAfter?: number,
  ) {
    super(sentence(code, detail));
  }
}

export async function refusedBy(answer: Response): Promise<Refused> {
  const retryAfter = Number(answer.headers.get("Retry-After")) || undefined;
  try {
    const problem = (await answer.json()) as Problem;
    return new Refused(problem.code, problem.detail ?? problem.title, retryAfter);
  } catch {
    return new Refused("unavailable", "", retryAfter);
  }
}

const sentences: Partial<Record<Code | "offline", string>> = {
  offline: "The server cannot be reached. Check your connection.",
  unavailable: "The server is busy or restarting. Try again in a moment.",
  internal: "Something went wrong on the server. Try again in a moment.",
  outcome_unknown: "The server has not confirmed this yet.",
  rate_limited: "That was too often. Wait a moment and try again.",
  handle_taken: "This name is taken. Choose another.",
  email_taken: "This e-mail address has an account already.",
  wrong_credentials: "The name or the password is wrong.",
  unauthenticated: "Sign in first.",
  token_expired: "Your session has ended. Sign in again.",
  session_ended: "You have signed out, or your password was changed. Sign in again.",
  player_closed: "This account is closed.",
  player_not_found: "There is no player of this name.",
  game_not_found: "There is no such game.",
  game_over: "The game is over.",
  already_playing: "You are in a game already.",
  join_too_soon: "You did not begin your last games: wait a moment.",
  already_queued: "You are waiting in another pool already.",
  already_matched: "An opponent has just been found.",
  not_queued: "You were not waiting any more.",
  queue_full: "This pool is full. Try another.",
  not_your_turn: "It is not your turn.",
  illegal_move: "This move is not legal.",
  wrong_ply: "The position has changed meanwhile.",
  malformed_move: "That is not a move. Write it as e4, Nf3 or e2e4.",
  draw_offer_pending: "Your draw offer stands already.",
  draw_offer_too_soon: "You offered a draw a short while ago. Play on before the next offer.",
  no_draw_offer: "The draw offer no longer stands.",
  no_draw_to_claim: "There is no draw to claim in this position.",
  takeback_offer_pending: "You have asked for this already.",
  takeback_offer_too_soon: "You asked for this move already. Play on before the next request.",
  too_many_takeback_offers: "You have asked for takebacks too often in this game.",
  no_takeback_offer: "The takeback request no longer stands.",
  nothing_to_take_back: "You have no move to take back.",
  clock_not_running: "Time can be given once both sides have moved.",
  too_much_time: "You have given as much time as the rules allow.",
  too_late_to_abort: "Both sides have moved: the game can no longer be aborted.",
  too_early_to_claim: "It is too early to claim the game.",
  opponent_present: "Your opponent is back.",
  claimant_gone: "You count as gone yourself. Wait a moment for the connection.",
  quarantined: "The server cannot read this game, pool or player. Somebody has to mend it.",
  your_turn: "It is your turn: the game can be claimed on your opponent's.",
  no_rematch: "It is too late for a rematch.",
  no_rematch_offer: "The rematch offer no longer stands.",
  rematch_offered: "You have offered a rematch already.",
  rematch_accepted: "The rematch has been agreed already.",
  not_a_player: "Only the two players can do this.",
  too_many_connections: "You have too many windows open. Close some.",
};

/** sentence says in one sentence what a code means for the person at the screen. */
export function sentence(code: Code | "offline", detail = ""): string {
  if (code === "invalid_field" && detail) return detail.charAt(0).toUpperCase() + detail.slice(1) + ".";
  return sentences[code] ?? (detail ? detail.charAt(0).toUpperCase() + detail.slice(1) + "." : `The server refused this (${code}).`);
}
