import { describe, expect, it } from "vitest";
import { clockText, controlText, durationText, lowTimeCs } from "../../src/game/clocktext";
import { ServerTime } from "../../src/game/servertime";

describe("clockText", () => {
  it("shows tenths below ten seconds, and hours where there are some", () => {
    expect([0, 5, 999, 1000, 5999, 6000, 360000].map(clockText)).toEqual(["0:00.0", "0:00.0", "0:09.9", "0:10", "0:59", "1:00", "1:00:00"]);
    expect(clockText(-5)).toBe("0:00.0");
  });
  it("writes durations and time controls", () => {
    expect([4, 250, 1200, 12500].map(durationText)).toEqual(["0.04 s", "2.5 s", "12 s", "2 min 5 s"]);
    expect(controlText({ initialCs: 18000, incrementCs: 200 })).toBe("3+2");
    expect(controlText({ initialCs: 1500, incrementCs: 0 })).toBe("15s+0");
    expect([6000, 18000, 180000].map(lowTimeCs)).toEqual([1000, 1800, 6000]);
  });
});

describe("ServerTime", () => {
  it("takes the round trip that was disturbed least", () => {
    let now = 1000;
    const time = new ServerTime(() => now);
    now = 1400; // 400 ms there and back
    time.sample(1000, 51250);
    expect(time.now()).toBe(51450);
    now = 2010; // 10 ms: better
    time.sample(2000, 52005);
    expect(time.now()).toBe(52010);
    now = 3500; // a slow one changes nothing
    time.sample(2500, 53490);
    expect(time.now()).toBe(53500);
    expect(time.lagCs()).toBeUndefined(); // a whole second is no lag to give back
  });
  it("is never behind an event that has arrived", () => {
    const time = new ServerTime(() => 1000);
    time.atLeast(5000);
    expect(time.now()).toBe(5000);
    time.atLeast(4000);
    expect(time.now()).toBe(5000);
  });
});
