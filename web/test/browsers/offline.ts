import { expect, same } from "./expect";
import { pair, Person } from "./person";
import { leave, type Scenario } from "./scenario";

/** offlineMove: a move made without a network is kept, also over a reload of the page, and
 * is sent once. */
export const offlineMove: Scenario = async (browser, program) => {
  const [white, black] = await pair(await Person.register(browser, program.url), await Person.register(browser, program.url), "30+0");
  await white.type("e4");
  await black.waitPlies(1);
  await black.type("c5");
  await white.waitPlies(2);

  await white.context.setOffline(true);
  await white.page.locator(".link", { hasText: "You are offline." }).waitFor();
  await white.clickMove("g1", "f3");
  await white.page.locator(".link", { hasText: "Your move is kept and will be sent once." }).waitFor();
  same(await white.piece("f3"), "wn", "the knight");
  same(await black.plies(), 2, "plies that Black sees meanwhile");
  await black.page.getByText(/has left/).first().waitFor(); // White's clock runs on, and Black is told
  await white.context.setOffline(false);
  await black.waitPlies(3);
  await white.waitPlies(3);
  await white.page.locator('[data-link="open"]').waitFor();

  await black.type("d6");
  await white.waitPlies(4);
  await white.context.setOffline(true);
  await white.page.locator(".link", { hasText: "You are offline." }).waitFor();
  await white.clickMove("d2", "d4");
  await white.context.setOffline(false);
  await white.page.reload();
  await white.atBoard();
  await black.waitPlies(5);
  await expect("it was played once", async () => (await black.page.locator("button.ply").allInnerTexts()).join(" ") === "e4 c5 Nf3 d6 d4");
  await black.button("Resign").click();
  await black.button("Really resign").click();
  await white.waitOver(/Black resigned/);
  await leave(white, black);
};
