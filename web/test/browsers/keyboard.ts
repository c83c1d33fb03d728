import type { Page } from "playwright-core";
import { expect } from "./expect";
import { pair, Person } from "./person";
import { leave, type Scenario } from "./scenario";

/** tabTo presses Tab until the element has the focus. */
async function tabTo(page: Page, selector: string) {
  for (let i = 0; i < 80; i++) {
    if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach ${selector}`);
}

/** keyboardOnly: from the first visit to mate without a mouse: one moves on the board with
 * the arrow keys, the other types. */
export const keyboardOnly: Scenario = async (browser, program) => {
  const people = [await Person.visit(browser, program.url), await Person.visit(browser, program.url)] as const;
  for (const p of people) {
    await tabTo(p.page, 'a[href="/register"]');
    await p.page.keyboard.press("Enter");
    await tabTo(p.page, 'input[name="name"]');
    await p.page.keyboard.type(p.name);
    await tabTo(p.page, 'input[name="password"]');
    await p.page.keyboard.type("correct horse battery");
    await p.page.keyboard.press("Enter");
    await p.page.getByRole("link", { name: p.name }).waitFor();
  }
  const join = async (p: Person) => {
    for (let i = 0; i < 40; i++) {
      if (await p.page.evaluate(() => document.activeElement?.querySelector(".time")?.textContent === "15+10")) break;
      await p.page.keyboard.press("Tab");
    }
    await p.page.keyboard.press("Enter");
  };
  const [a, b] = people;
  const [white, black] = await pair(Object.assign(a, { join: () => join(a) }), Object.assign(b, { join: () => join(b) }), "");

  await tabTo(white.page, 'input[name="move"]');
  await white.page.keyboard.type("f3");
  await white.page.keyboard.press("Enter");
  await black.waitPlies(1);

  const cursor = { file: 0, rank: 0 }; // a1 at first
  const turned = -1; // Black sees the board from the other side
  const goTo = async (square: string) => {
    const [file, rank] = [square.charCodeAt(0) - 97, Number(square[1]) - 1];
    const press = async (n: number, plus: string, minus: string) => {
      for (let i = 0; i < Math.abs(n); i++) await black.page.keyboard.press(n > 0 ? plus : minus);
    };
    await press((file - cursor.file) * turned, "ArrowRight", "ArrowLeft");
    await press((rank - cursor.rank) * turned, "ArrowUp", "ArrowDown");
    Object.assign(cursor, { file, rank });
    await black.page.keyboard.press("Enter");
  };
  await tabTo(black.page, "svg.cm-chessboard");
  await goTo("e7");
  await goTo("e5");
  await white.waitPlies(2);

  await white.page.keyboard.type("9g");
  await white.page.keyboard.press("Enter");
  await white.page.getByText("That is not a move.").waitFor();
  await white.page.keyboard.press("Control+A");
  await white.page.keyboard.type("g2g4");
  await white.page.keyboard.press("Enter");
  await black.waitPlies(3);
  await goTo("d8");
  await goTo("h4");
  for (const p of people) await p.waitOver(/Black wins by checkmate/);
  await expect("the mate is in the list", async () => (await white.page.locator("button.ply").last().innerText()) === "Qh4#");
  await leave(white, black);
};
