import { expect, same } from "./expect";
import { pair, Person } from "./person";
import { leave, type Scenario } from "./scenario";

// Paul Morphy against the Duke of Brunswick and Count Isouard, Paris 1858.
const opera =
  "e2e4 e7e5 g1f3 d7d6 d2d4 c8g4 d4e5 g4f3 d1f3 d6e5 f1c4 g8f6 f3b3 d8e7 b1c3 c7c6 c1g5 b7b5 c3b5 c6b5 c4b5 b8d7 e1c1 a8d8 d1d7 d8d7 h1d1 e7e6 b5d7 f6d7 b3b8 d7b8 d1d8".split(" ");

/** wholeGame: two people meet by queue and play a whole real game to mate, by mouse and by
 * typing, while a third watches; the program is killed and started in the middle. */
export const wholeGame: Scenario = async (browser, program) => {
  const [a, b] = [await Person.register(browser, program.url), await Person.register(browser, program.url)];
  const [white, black] = await pair(a, b, "5+3");
  const watcher = await Person.visit(browser, `${program.url}/tv`);
  await watcher.page.getByRole("link", { name: /Blitz/ }).last().click();
  await watcher.page.locator(".game[data-seq]").waitFor();

  for (const [i, uci] of opera.entries()) {
    const [mover, other] = i % 2 === 0 ? [white, black] : [black, white];
    const [from, to] = [uci.slice(0, 2), uci.slice(2)];
    if (i === 16) await program.kill();
    if (i % 3 === 0) await mover.clickMove(from, to);
    else if (i % 3 === 1) await mover.drag(from, to);
    else await mover.type(uci);
    if (i === 16) {
      await mover.page.locator(".link", { hasText: "Your move is kept and will be sent once" }).waitFor();
      same(await mover.piece(to), "wb", "the bishop that was moved while the program was down");
      await program.up();
    }
    await other.waitPlies(i + 1);
  }
  for (const p of [white, black, watcher]) {
    await p.waitOver(/White wins by checkmate/);
    await p.waitPlies(opera.length);
  }
  same(await watcher.page.locator("button.ply").allInnerTexts().then((l) => l.slice(-3)), ["Qb8+", "Nxb8", "Rd8#"], "the last moves that the watcher reads");
  await white.page.locator(".change", { hasText: "+" }).waitFor();

  // The time chart agrees with the audit in the log.
  const id = white.gameId();
  const events = await fetch(`${program.url}/v1/games/${id}/events?from_seq=1`, { headers: { Accept: "application/x-ndjson" }, signal: AbortSignal.timeout(90000) });
  const audit: string[] = [];
  let rest = "";
  for await (const chunk of events.body!.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop()!;
    const read = parts.filter(Boolean).map((line) => JSON.parse(line));
    for (const e of read) if (e.eventType === "MoveMade") audit.push([e.payload.ply, e.payload.clock.elapsedCs, e.payload.clock.compensatedCs ?? 0, e.payload.clock.chargedCs].join(" "));
    if (read.some((e) => e.eventType === "GameEnded")) break;
  }
  await watcher.page.getByText("All moves as a table").click();
  const shown = await watcher.page.locator(".timechart tbody tr").evaluateAll((rows) => rows.map((r) => [r.dataset["ply"], r.dataset["elapsed"], r.dataset["compensated"], r.dataset["charged"]].join(" ")));
  same(shown, audit, "the time chart");
  same(audit.length, opera.length, "moves in the audit");

  // Stepping, and the PGN of history.
  await watcher.button("First position").click();
  same(await watcher.piece("e2"), "wp", "the pawn at the start");
  await watcher.page.keyboard.press("ArrowRight");
  await expect("the first move is on the board", async () => (await watcher.piece("e4")) === "wp");
  await expect("history has the game", async () => (await fetch(`${program.url}/v1/history/games/${id}`)).ok);
  const [download] = await Promise.all([watcher.page.waitForEvent("download"), watcher.button("Save PGN").click()]);
  same(download.suggestedFilename(), `tabiya-${id}.pgn`, "the name of the file");

  // The player page lists it.
  await watcher.page.goto(`${program.url}/player/${white.name}`);
  await watcher.page.locator(".games li", { hasText: black.name }).getByText("won", { exact: true }).waitFor();
  await watcher.page.getByLabel("Result").selectOption("loss");
  await watcher.page.getByText("No finished game like this.").waitFor();
  await watcher.page.getByLabel("Result").selectOption("");
  await watcher.page.getByLabel("Opponent").pressSequentially("nobody-of-this-name");
  await watcher.page.getByLabel("Opponent").press("Tab");
  await watcher.page.getByText("There is no player of this name.").waitFor();
  await leave(a, b, watcher);
};
