// Commands on their way: kept, also over a reload, until the server has answered. Each
// has a clientMoveId, so that one that is sent twice takes effect once.
import type { ClientFrame, Code } from "../wire/types";

export type Command = Extract<ClientFrame, { clientMoveId?: string }>;
type Kept = Command & { clientMoveId: string };

export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** again lists the codes after which the same command may be sent again. */
const again: readonly Code[] = ["outcome_unknown", "unavailable", "rate_limited", "internal", "not_accepted"];

export class Outbox {
  private kept: Kept[];

  constructor(
    private readonly key: string,
    private readonly store: Store,
    private readonly newId: () => string,
  ) {
    this.kept = JSON.parse(store.getItem(key) ?? "[]") as Kept[];
  }

  /** add keeps a command and returns it with its id. */
  add(command: Command): Kept {
    const kept = { ...command, clientMoveId: this.newId() };
    this.kept.push(kept);
    this.save();
    return kept;
  }

  all(): readonly Kept[] {
    return this.kept;
  }

  move(): (Kept & { type: "move" }) | undefined {
    return this.kept.find((c): c is Kept & { type: "move" } => c.type === "move");
  }

  /** acked drops a command that was accepted. */
  acked(id: string | undefined) {
    this.drop((c) => c.clientMoveId === id);
  }

  /** refused drops a command that was refused for good, and returns it. */
  refused(id: string | undefined, code: Code): Kept | undefined {
    const command = this.kept.find((c) => c.clientMoveId === id);
    if (!command || again.includes(code)) return undefined;
    this.drop((c) => c === command);
    return command;
  }

  /** settle drops moves of plies that have been played, and everything once the game is over. */
  settle(plies: number, over: boolean) {
    this.drop((c) => (c.type === "move" ? over || (c.ply ?? 0) <= plies : over && c.type !== "rematch"));
  }

  /** clearMoves drops moves: the position that they were made for is gone. */
  clearMoves() {
    this.drop((c) => c.type === "move");
  }

  private drop(which: (c: Kept) => boolean) {
    const rest = this.kept.filter((c) => !which(c));
    if (rest.length === this.kept.length) return;
    this.kept = rest;
    this.save();
  }

  private save() {
    if (this.kept.length === 0) this.store.removeItem(this.key);
    else this.store.setItem(this.key, JSON.stringify(this.kept));
  }
}
