import { expect, same } from "./expect";
import { Person } from "./person";
import { leave, type Scenario } from "./scenario";

/** signing: every wrong entry gets a sentence, and no script can read the session. */
export const signing: Scenario = async (browser, program) => {
  const p = await Person.visit(browser, `${program.url}/register`);
  const problem = (text: string) => p.page.locator(".problem", { hasText: text }).waitFor();
  const enter = async (name: string, password: string, button: string) => {
    await p.page.getByLabel("Name").fill(name);
    await p.page.getByLabel("Password").fill(password);
    await p.button(button).click();
  };
  await enter("x", "correct horse battery", "Register");
  await problem("A name has 2 to 20 characters.");
  await enter("a b", "correct horse battery", "Register");
  await problem("letters, digits, - and _ only");
  await enter(p.name, "short", "Register");
  await problem("at least 8 characters");
  await enter("admin", "correct horse battery", "Register");
  await problem("admin");
  await enter(p.name, "correct horse battery", "Register");
  await p.page.getByRole("link", { name: p.name }).waitFor();

  same(await p.page.evaluate(() => document.cookie), "", "what scripts see of the cookies");
  const kept = await p.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  same(kept.includes("eyJ"), false, "a token in the storage of the page");
  const cookie = (await p.context.cookies()).find((c) => c.name === "tabiya_session")!;
  same([cookie.httpOnly, cookie.sameSite], [true, "Strict"], "the cookie");

  await p.page.reload();
  await p.page.getByRole("link", { name: p.name }).waitFor();
  await p.join("30+20");
  await p.page.getByText(/Looking for an opponent/).waitFor();
  await p.button("Leave the queue").click();
  await expect("the queue was left", async () => (await p.page.getByText(/Looking for an opponent/).count()) === 0);

  await p.button("Sign out").click();
  await p.page.getByRole("link", { name: "Sign in" }).click();
  await enter(p.name, "wrong horse battery", "Sign in");
  await problem("The name or the password is wrong.");
  await enter(p.name, "correct horse battery", "Sign in");
  await p.page.getByRole("link", { name: p.name }).waitFor();

  for (const [path, text] of [
    ["/game/none", "There is no such game"],
    ["/player/none-of-this-name", "There is no player of this name."],
    ["/player/%ff", "There is no player of this name."],
    ["/nowhere", "There is no such page"],
    ["/leaderboard/warp", "There is no such page"],
    ["/about", "CC BY-SA 3.0"],
  ] as const) {
    await p.page.goto(program.url + path);
    await p.page.getByText(text).first().waitFor();
  }
  await leave(p);
};
