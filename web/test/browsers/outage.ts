import { expect, same } from "./expect";
import { pictures } from "./looks";
import { Person } from "./person";
import type { Program } from "./program";
import { leave, type Scenario } from "./scenario";

/** standing returns the game of which the server says first that its clocks stand still. */
async function standing(program: Program, games: string[]): Promise<string> {
  const abort = new AbortController();
  const until = setTimeout(() => abort.abort(new Error("no clock stands still")), 15000);
  try {
    return await Promise.any(
      games.map(async (id) => {
        const stream = await fetch(`${program.url}/v1/games/${id}/events`, { headers: { Accept: "text/event-stream" }, signal: abort.signal });
        let text = "";
        for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
          text += chunk;
          if (text.includes('"running":false')) return id;
        }
        throw new Error(`the stream of ${id} has ended`);
      }),
    );
  } finally {
    clearTimeout(until);
    abort.abort();
  }
}

/** outage: while the processor of a game is suspended, the page says that no clock runs,
 * and none does. */
export const outage: Scenario = async (browser, program) => {
  const [white, black] = [await Person.register(browser, program.url), await Person.register(browser, program.url)];
  const processor = await program.processor("games"); // it takes half of the partitions
  try {
    const games = await Promise.all(Array.from({ length: 8 }, () => program.createGame(white.name, black.name, 300)));
    processor.kill("SIGSTOP");
    const id = await standing(program, games);
    processor.kill("SIGCONT");
    for (const p of [white, black]) {
      await p.page.goto(`${program.url}/game/${id}`);
      await p.atBoard();
    }
    for (const [i, m] of ["e4", "e5", "Nf3"].entries()) {
      await (i % 2 ? black : white).type(m);
      for (const p of [white, black]) await p.waitPlies(i + 1);
    }
    const clock = white.page.locator('.seat[data-color="black"] .clock');
    await expect("Black's clock runs", async () => (await clock.getAttribute("class"))!.includes("runs"));

    processor.kill("SIGSTOP");
    for (const p of [white, black]) await p.page.getByText("Nobody can move at the moment").waitFor();
    await black.type("Nc6");
    same(await black.status(), "Your move is on its way…", "what Black reads");
    const stood = await clock.innerText();
    await white.page.waitForTimeout(1100);
    same(await clock.innerText(), stood, "Black's clock while nobody can move");
    const late = await Person.visit(browser, `${program.url}/game/${id}`);
    await late.page.getByText("Nobody can move at the moment").waitFor();
    await late.page.screenshot({ path: `${pictures}outage.png`, fullPage: true });
    processor.kill("SIGCONT");
    for (const p of [white, black, late]) {
      await p.waitPlies(4);
      await p.page.getByText(/Moves are possible again/).waitFor();
    }
    await white.button("Resign").click();
    await white.button("Really resign").click();
    await black.waitOver(/White resigned/);
    await black.page.getByRole("button", { name: "Nc6" }).click();
    await black.page.locator(".audit", { hasText: "not counted because nobody could move" }).waitFor();
    const [elapsed, charged] = await black.page.locator('.timechart tr[data-ply="4"]').evaluate((row) => [Number(row.dataset["elapsed"]), Number(row.dataset["charged"])]);
    if (elapsed! < 300 || charged! > 200) throw new Error(`Black was charged ${charged} of ${elapsed} cs`);
    await leave(white, black, late);
  } finally {
    processor.kill("SIGCONT");
    processor.kill("SIGTERM");
  }
};
