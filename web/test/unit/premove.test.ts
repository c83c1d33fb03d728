import { describe, expect, it } from "vitest";
import { add, afterPremoves, maxPremoves, next, reaches, type Premove } from "../../src/game/premove";

const initial = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1";

describe("premoves", () => {
  it("may go wherever the piece could ever go, and nowhere else", () => {
    expect(reaches("n", "white", "g1", "f3")).toBe(true);
    expect(reaches("b", "white", "f1", "c4")).toBe(true); // though a pawn stands between
    expect(reaches("p", "white", "e2", "d3")).toBe(true); // a capture that may become possible
    expect(reaches("p", "black", "e7", "e5")).toBe(true);
    expect(reaches("p", "white", "e3", "e5")).toBe(false);
    expect(reaches("p", "black", "e5", "e6")).toBe(false);
    expect(reaches("k", "white", "e1", "g1")).toBe(true);
    expect(reaches("k", "white", "e2", "g2")).toBe(false);
    expect(reaches("r", "white", "a1", "b2")).toBe(false);
  });

  it("queue up, each from where the one before left the piece", () => {
    let queue: readonly Premove[] = [];
    queue = add(initial, queue, "white", { from: "g1", to: "f3" });
    queue = add(initial, queue, "white", { from: "f3", to: "g5" });
    expect(queue.map((m) => m.to)).toEqual(["f3", "g5"]);
    expect(add(initial, queue, "white", { from: "g1", to: "h3" })).toBe(queue); // the knight is not there any more
    expect(add(initial, queue, "white", { from: "e7", to: "e5" })).toBe(queue); // not theirs
    expect(afterPremoves(initial, queue)).toBe("rnbqkbnr/pppppppp/8/6N1/8/8/PPPPPPPP/RNBQKB1R");
    let many: readonly Premove[] = [];
    for (let i = 0; i < 20; i++) many = add(initial, many, "white", i % 2 ? { from: "f3", to: "g1" } : { from: "g1", to: "f3" });
    expect(many.length).toBe(maxPremoves);
  });

  it("bring the rook along when they castle, and promote", () => {
    expect(afterPremoves("4k3/8/8/8/8/8/8/4K2R b K - 0 1", [{ from: "e1", to: "g1" }])).toBe("4k3/8/8/8/8/8/8/5RK1");
    expect(add("4k3/P7/8/8/8/8/8/4K3 b - - 0 1", [], "white", { from: "a7", to: "a8" })).toEqual([{ from: "a7", to: "a8", promotion: "q" }]);
  });

  it("are played if legal, else all are dropped", () => {
    const queue = [
      { from: "e2", to: "e4" },
      { from: "d2", to: "d4" },
    ];
    expect(next(initial, queue)).toEqual({ uci: "e2e4", rest: [queue[1]] });
    expect(next(initial, [{ from: "f1", to: "c4" }, ...queue])).toEqual({ rest: [] });
    expect(next(initial, [])).toEqual({ rest: [] });
  });
});
