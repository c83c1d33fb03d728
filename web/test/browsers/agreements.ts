import { expect, same } from "./expect";
import { pair, Person } from "./person";
import { leave, type Scenario } from "./scenario";

const two: (...args: Parameters<Scenario>) => Promise<[Person, Person]> = async (browser, program) => [await Person.register(browser, program.url), await Person.register(browser, program.url)];

async function opening(white: Person, black: Person, ...moves: string[]) {
  for (const [i, m] of moves.entries()) {
    const [mover, other] = i % 2 === 0 ? [white, black] : [black, white];
    await mover.type(m);
    await other.waitPlies(i + 1);
    await mover.waitPlies(i + 1);
  }
}

export const drawByTwoOffers: Scenario = async (browser, program) => {
  const [white, black] = await pair(...(await two(browser, program)), "10+5-casual");
  await opening(white, black, "e4", "e5");
  await white.page.getByText("10+5 rapid · casual").waitFor();
  await white.button("Offer a draw").click();
  await black.page.getByText(`${white.name} offers a draw.`).waitFor();
  await white.button("Draw offered").waitFor();
  await black.button("Offer a draw").click();
  for (const p of [white, black]) await p.waitOver(/Draw by agreement.*½–½/);
  await white.button("New 10+5 casual game").waitFor();
  await white.page.getByRole("link", { name: black.name }).click();
  await white.page.getByText("No rated game yet.").waitFor();
  await leave(white, black);
};

export const takeback: Scenario = async (browser, program) => {
  const [white, black] = await pair(...(await two(browser, program)), "3+2");
  await opening(white, black, "e4", "e5", "Qh5");
  await white.button("Ask for a takeback").click();
  await black.page.getByText(`${white.name} asks to take back their last move.`).waitFor();
  await black.button("Accept").click();
  for (const p of [white, black]) {
    await p.waitPlies(2);
    await expect("the queen is back", async () => (await p.piece("d1")) === "wq");
  }
  await white.type("Nf3");
  await black.waitPlies(3);
  await black.button("Resign").click();
  await black.button("No, play on").click();
  await black.button("Resign").click();
  await black.button("Really resign").click();
  await white.waitOver(/Black resigned, White wins/);
  await leave(white, black);
};

export const premoves: Scenario = async (browser, program) => {
  const [white, black] = await pair(...(await two(browser, program)), "5+0");
  await opening(white, black, "e4", "e5", "Nf3");
  await white.clickMove("f1", "c4"); // on the opponent's time
  await white.button("Cancel the premove").waitFor();
  await white.clickMove("c4", "f7"); // after that one
  await white.button("Cancel premoves").waitFor();
  await expect("the bishop stands where two premoves put it", async () => (await white.piece("f7")) === "wb");
  await black.type("Nc6");
  await white.waitPlies(5);
  await black.type("a6");
  for (const p of [white, black]) await p.waitPlies(7); // both were played, Bxf7+ too
  same(await black.page.locator("button.ply").last().innerText(), "Bxf7+", "the second premove");

  await white.drag("d2", "d4");
  await white.button("Cancel the premove").waitFor();
  const at = await white.point("d4");
  await white.page.mouse.click(at.x, at.y, { button: "right" });
  await expect("a click has cancelled the premove", async () => (await white.button("Cancel the premove").count()) === 0);
  await black.type("Kxf7");
  await white.waitPlies(8);
  same(await white.status(), "Your turn", "nothing was played");

  await white.type("d4");
  await black.waitPlies(9);
  await white.clickMove("f3", "g5"); // legal
  await black.type("exd4");
  await black.waitPlies(11);
  await white.clickMove("a1", "a5"); // a rook could move so, but a pawn will stand between
  await white.button("Cancel the premove").waitFor();
  await black.type("Ke8");
  await white.waitPlies(12);
  await expect("a premove that is not legal is dropped", async () => (await white.button("Cancel the premove").count()) === 0);
  same([await white.status(), await white.plies()], ["Your turn", 12], "nothing was played");
  await black.button("Resign").click();
  await black.button("Really resign").click();
  await white.waitOver(/Black resigned/);
  await leave(white, black);
};

export const flagFall: Scenario = async (browser, program) => {
  const [white, black] = await two(browser, program);
  const id = await program.createGame(white.name, black.name, 13);
  for (const p of [white, black]) {
    await p.page.goto(`${program.url}/game/${id}`);
    await p.atBoard();
  }
  await opening(white, black, "e4", "e5");
  same(await white.page.locator(".clock.low").count(), 0, "clocks that warn at 13 s");
  await white.page.locator(".clock.low").waitFor();
  same(await white.page.locator(".clock.low .lowword").innerText(), "low time", "the warning");
  await expect("tenths are shown", async () => /0:0\d\.\d/.test(await white.page.locator(".clock.low .face").innerText()));
  for (const p of [white, black]) {
    await p.waitOver(/White ran out of time, Black wins.*0–1/);
    same(await p.page.locator('.seat[data-color="white"] .face').innerText(), "0:00.0", "the clock of who lost");
  }
  await leave(white, black);
};

export const rematchTwice: Scenario = async (browser, program) => {
  let [white, black] = await pair(...(await two(browser, program)), "3+0");
  const games = new Set<string>([white.gameId()]);
  for (let n = 0; n < 2; n++) {
    await opening(white, black, "d4", "d5");
    const before = white.gameId();
    await black.button("Resign").click();
    await black.button("Really resign").click();
    await white.waitOver(/Black resigned/);
    await black.button("Offer a rematch").click();
    await white.page.getByText(`${black.name} offers a rematch.`).waitFor();
    await white.button("Accept").click();
    for (const p of [white, black]) {
      await p.page.waitForURL((url) => !url.pathname.endsWith(before));
      await p.atBoard();
    }
    [white, black] = [black, white];
    same(await white.page.locator(".boardside .seat").last().getAttribute("data-color"), "white", "colours are reversed");
    games.add(white.gameId());
  }
  same(games.size, 3, "games");
  await white.button("Abort the game").click();
  await black.waitOver(/Aborted by a player/);
  await leave(white, black);
};

/** twoTabs: two windows of one player show the same, and both can play. */
export const twoTabs: Scenario = async (browser, program) => {
  const [a, b] = await two(browser, program);
  const second = await a.context.newPage();
  await second.goto(program.url);
  const [white, black] = await pair(a, b, "10+5");
  await second.waitForURL(/\/game\//); // it was at the lobby too
  await second.locator(".game[data-seq]").waitFor();
  await opening(white, black, "e4", "e5");
  await expect("the second tab sees both moves", async () => (await second.locator(".game").getAttribute("data-plies")) === "2");
  await second.getByRole("button", { name: "Offer a draw" }).click();
  await a.button("Draw offered").waitFor();
  await second.getByRole("button", { name: "Sign out" }).click();
  await a.page.getByRole("link", { name: "Sign in" }).waitFor(); // signed out in both
  await leave(a, b);
};
