import { beforeEach, describe, expect, it } from "vitest";
import { Outbox, type Store } from "../../src/game/outbox";

class Memory implements Store {
  readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

describe("Outbox", () => {
  let store: Memory;
  let n = 0;
  const open = () => new Outbox("g", store, () => `id${++n}`);
  beforeEach(() => {
    store = new Memory();
    n = 0;
  });

  it("keeps a move over a reload under the same id, until it is answered", () => {
    open().add({ type: "move", uci: "e2e4", ply: 1 });
    const again = open();
    expect(again.all()).toEqual([{ type: "move", uci: "e2e4", ply: 1, clientMoveId: "id1" }]);
    again.acked("id1");
    expect(open().all()).toEqual([]);
    expect(store.kept.size).toBe(0);
  });

  it("keeps what the server could not confirm, and drops what it refused for good", () => {
    const o = open();
    o.add({ type: "move", uci: "e2e4", ply: 1 });
    expect(o.refused("id1", "outcome_unknown")).toBeUndefined();
    expect(o.refused("id1", "unavailable")).toBeUndefined();
    expect(o.all().length).toBe(1);
    expect(o.refused("id1", "illegal_move")?.type).toBe("move");
    expect(o.all()).toEqual([]);
  });

  it("drops moves of plies that were played, also by another tab", () => {
    const o = open();
    o.add({ type: "move", uci: "e2e4", ply: 1 });
    o.add({ type: "draw", action: "offer" });
    o.settle(0, false);
    expect(o.move()?.uci).toBe("e2e4");
    o.settle(1, false);
    expect(o.all().map((c) => c.type)).toEqual(["draw"]);
    o.add({ type: "rematch", action: "offer" });
    o.settle(1, true);
    expect(o.all().map((c) => c.type)).toEqual(["rematch"]);
  });
});
