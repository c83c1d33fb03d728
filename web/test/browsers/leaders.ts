import { expect, same } from "./expect";
import { shoot } from "./looks";
import { Person } from "./person";
import type { Program } from "./program";
import { leave, type Scenario } from "./scenario";

interface Client {
  name: string;
  post(path: string, body?: object): Promise<Record<string, unknown>>;
}

async function client(program: Program, name: string): Promise<Client> {
  let token = "";
  const post = async (path: string, body?: object) => {
    const answer = await fetch(`${program.url}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text ? (JSON.parse(text) as Record<string, unknown>) : {};
  };
  token = (await post("/v1/accounts", { handle: name, password: "correct horse battery" }))["token"] as string;
  return { name, post };
}

/** leaders: two players who have played enough rated games stand on the leaderboard, and
 * their pages have the same ratings. */
export const leaders: Scenario = async (browser, program) => {
  const visitor = await Person.visit(browser, `${program.url}/leaderboard`);
  await visitor.page.getByText("Nobody is on this list yet.").waitFor();
  const stamp = Date.now().toString(36);
  const [a, b] = [await client(program, `Judit-${stamp}`), await client(program, `Vera-${stamp}`)];
  const play = async (n: number) => {
    const [white, black] = n % 2 ? [a, b] : [b, a];
    const id = await program.createGame(white.name, black.name, 300, true);
    await white.post(`/v1/games/${id}/moves`, { uci: "e2e4" });
    await black.post(`/v1/games/${id}/moves`, { uci: "e7e5" });
    await (n % 3 ? a : b).post(`/v1/games/${id}/resign`);
  };
  for (let n = 0; n < 48; n += 4) await Promise.all([n, n + 1, n + 2, n + 3].map(play));
  const player = async (who: Client) => (await (await fetch(`${program.url}/v1/players/${who.name}`)).json()) as { ratings: { blitz?: { rating: number; deviation: number; games: number } } };
  await expect("all games are rated", async () => (await player(a)).ratings.blitz?.games === 48 && (await player(b)).ratings.blitz?.games === 48);

  const rows = visitor.page.locator(".leaders tbody tr");
  await expect("both stand on the leaderboard", async () => {
    await visitor.page.reload();
    await visitor.page.locator(".leaders").or(visitor.page.getByText("Nobody is on this list yet.")).waitFor();
    return (await rows.count()) === 2 && (await rows.first().innerText()).endsWith("48");
  });
  const want = (await Promise.all([b, a].map(async (who) => ({ who, rating: (await player(who)).ratings.blitz! })))).map(({ who, rating }, i) => [
    String(i + 1),
    who.name,
    `${Math.round(rating.rating)} ± ${Math.round(rating.deviation)}`,
    "48",
  ]);
  same(await rows.evaluateAll((all) => all.map((row) => [...row.querySelectorAll<HTMLElement>("td, th")].map((cell) => cell.innerText.trim()))), want, "the leaderboard");
  await shoot(visitor, [["leaderboard", `${program.url}/leaderboard/blitz`]]);
  await visitor.page.getByRole("link", { name: b.name }).click();
  await visitor.page.getByText(`The chart begins with the second day on which ${b.name} plays`).waitFor();
  await visitor.page.getByLabel("Speed").last().selectOption("blitz");
  await visitor.page.getByLabel("Result").selectOption("loss");
  await expect("only lost games are listed", async () => {
    const tags = await visitor.page.locator(".games .tag").allInnerTexts();
    return tags.length > 0 && tags.every((tag) => tag === "lost");
  });
  await leave(visitor);
};
