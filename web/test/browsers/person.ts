// A person with a browser window of their own.
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { expect } from "./expect";

let persons = 0;

export class Person {
  readonly wrongs: string[] = [];

  private constructor(
    readonly name: string,
    readonly url: string,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.on("pageerror", (err) => this.wrongs.push(`${name}: ${err.message}`));
    page.on("console", (m) => {
      // A request or socket that fails while the server is away is no fault of the page.
      if (m.type() === "error" && !/Failed to load resource|WebSocket connection|net::ERR/.test(m.text())) this.wrongs.push(`${name}: ${m.text()}`);
    });
    page.on("request", (r) => {
      if (url.startsWith("http") && !r.url().startsWith(new URL(url).origin) && !/^(data|blob):/.test(r.url())) this.wrongs.push(`${name}: a request to ${r.url()}`);
    });
  }

  static async visit(browser: Browser, url: string, options: object = {}): Promise<Person> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20000);
    const person = new Person(`p${++persons}-${Date.now().toString(36)}`, url, context, page);
    await page.goto(url);
    return person;
  }

  static async register(browser: Browser, url: string, options: object = {}): Promise<Person> {
    const p = await Person.visit(browser, url, options);
    await p.page.getByRole("link", { name: "Register", exact: true }).click();
    await p.page.getByLabel("Name").fill(p.name);
    await p.page.getByLabel("Password").fill("correct horse battery");
    await p.page.getByRole("button", { name: "Register" }).click();
    await p.page.getByRole("link", { name: p.name }).waitFor();
    return p;
  }

  async join(queue: string) {
    await this.page.locator(`.pool[data-queue="${queue}"]`).click();
  }

  async atBoard() {
    await this.page.waitForURL(/\/game\//);
    await this.page.locator(".game[data-seq]").waitFor();
    await this.page.locator('[data-link="open"]').waitFor();
  }

  game = (): Locator => this.page.locator(".game");
  gameId = () => new URL(this.page.url()).pathname.split("/")[2]!;
  button = (name: string | RegExp) => this.page.getByRole("button", { name, exact: typeof name === "string" });
  plies = async () => Number(await this.game().getAttribute("data-plies"));
  status = () => this.page.locator(".status .turn").innerText();

  async waitPlies(n: number) {
    await expect(`${this.name} sees ${n} plies`, async () => (await this.plies()) === n);
  }

  async waitOver(text: string | RegExp) {
    await this.page.locator('.game[data-over="true"]').waitFor();
    await this.page.locator(".status .turn", { hasText: text }).waitFor();
  }

  /** point is the middle of a square on the screen. */
  async point(square: string): Promise<{ x: number; y: number }> {
    const box = await this.page.locator(`rect.square[data-square="${square}"]`).boundingBox();
    if (!box) throw new Error(`${this.name} sees no square ${square}`);
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }

  async clickMove(from: string, to: string) {
    for (const square of [from, to]) {
      const at = await this.point(square);
      await this.page.mouse.click(at.x, at.y);
    }
  }

  async drag(from: string, to: string) {
    const [a, b] = [await this.point(from), await this.point(to)];
    await this.page.mouse.move(a.x, a.y);
    await this.page.mouse.down();
    await this.page.mouse.move((a.x + b.x) / 2, (a.y + b.y) / 2, { steps: 3 });
    await this.page.mouse.move(b.x, b.y);
    await this.page.mouse.up();
  }

  async type(move: string) {
    const input = this.page.getByLabel("Type a move");
    await input.fill(move);
    await input.press("Enter");
  }

  piece = (square: string) => this.page.locator(`.pieces g[data-square="${square}"]`).first().getAttribute("data-piece", { timeout: 5000 });
}

/** pair lets two people meet by a queue; it returns them as White and Black. */
export async function pair(a: Person, b: Person, queue: string): Promise<[Person, Person]> {
  await a.join(queue);
  await b.join(queue);
  await Promise.all([a.atBoard(), b.atBoard()]);
  return (await a.page.locator(".boardside .seat").last().getAttribute("data-color")) === "white" ? [a, b] : [b, a];
}
