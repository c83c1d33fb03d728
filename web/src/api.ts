// Requests to the API. The session is in a cookie that no script can read.
import { Refused, refusedBy } from "./problems";
import type { Account, Credentials, FinishedGame, FinishedGames, Leaderboard, LiveGame, LiveGames, NewAccount, Player, Queues, RatingDays, Session, Speed, TV } from "./wire/types";

async function request(method: string, path: string, options: { body?: unknown; key?: string; accept?: string; signal?: AbortSignal } = {}): Promise<Response> {
  const headers: Record<string, string> = {};
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.key) headers["Idempotency-Key"] = options.key;
  if (options.accept) headers["Accept"] = options.accept;
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers, body: options.body === undefined ? undefined : JSON.stringify(options.body), credentials: "same-origin", signal: options.signal });
  } catch (err) {
    if (options.signal?.aborted) throw err;
    throw new Refused("offline", "");
  }
  if (!answer.ok) throw await refusedBy(answer);
  return answer;
}

const get = async <T>(path: string, signal?: AbortSignal): Promise<T> => (await request("GET", path, { signal })).json();

export const newKey = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID needs a secure context
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
};

export const api = {
  register: async (body: NewAccount, key: string): Promise<Session> => (await request("POST", "/v1/accounts?session=cookie", { body, key })).json(),
  signIn: async (body: Credentials): Promise<Session> => (await request("POST", "/v1/sessions?session=cookie", { body })).json(),
  signOut: () => request("DELETE", "/v1/sessions/current"),
  me: () => get<Account>("/v1/accounts/me"),
  player: (nameOrId: string) => get<Player>(`/v1/players/${encodeURIComponent(nameOrId)}`),
  ratingDays: (player: string, speed: Speed) => get<RatingDays>(`/v1/players/${player}/ratings/${speed}`),
  leaderboard: (speed: Speed, cursor?: string) => get<Leaderboard>(`/v1/leaderboards/${speed}${cursor ? `?cursor=${cursor}` : ""}`),
  queues: (signal?: AbortSignal) => get<Queues>("/v1/queues", signal),
  join: (queue: string, key: string) => request("POST", `/v1/queues/${queue}/join`, { body: {}, key }),
  leave: (queue: string, key: string) => request("POST", `/v1/queues/${queue}/leave`, { key }),
  liveGame: (id: string) => get<LiveGame>(`/v1/games/${encodeURIComponent(id)}`),
  gamesOf: (player: string) => get<LiveGames>(`/v1/games?player=${player}`),
  tv: (signal?: AbortSignal) => get<TV>("/v1/tv", signal),
  finished: (id: string) => get<FinishedGame>(`/v1/history/games/${encodeURIComponent(id)}`),
  pgn: async (id: string): Promise<string> => (await request("GET", `/v1/history/games/${encodeURIComponent(id)}`, { accept: "application/x-chess-pgn" })).text(),
  games: (player: string, filters: Record<string, string>) => get<FinishedGames>(`/v1/history/players/${player}/games?${new URLSearchParams(filters)}`),
  events: (id: string, fromSeq: number, signal?: AbortSignal) => request("GET", `/v1/games/${encodeURIComponent(id)}/events?from_seq=${fromSeq}`, { accept: "application/x-ndjson", signal }),
};

/** lines yields the lines of a stream as they come; empty ones keep it alive and are left out. */
export async function* lines(answer: Response): AsyncGenerator<string> {
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop()!;
    yield* parts.filter((line) => line !== "");
  }
  if (rest !== "") yield rest;
}
