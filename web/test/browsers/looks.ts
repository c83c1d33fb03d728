import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { same } from "./expect";
import { pair, Person } from "./person";
import { leave, type Scenario } from "./scenario";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const pictures = new URL("../pictures/", import.meta.url).pathname;
const maxFirstLoad = 250 * 1024;
const maxShift = 0.02;

interface Finding {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

/** check finds what assistive technology would stumble over. */
async function check(page: Page, what: string) {
  await page.evaluate(axe);
  const found = (await page.evaluate("axe.run().then((r) => r.violations)")) as Finding[];
  const serious = found.filter((f) => f.impact === "serious" || f.impact === "critical").map((f) => `${f.id}: ${f.nodes.map((n) => `${n.html.slice(0, 160)} ${n.failureSummary}`).join(" | ")}`);
  same(serious, [], `serious findings of axe at ${what}`);
}

/** looks takes pictures of every page in three widths, light and dark, and lets axe look
 * at each. It weighs the first load. */
export const looks: Scenario = async (browser, program) => {
  mkdirSync(pictures, { recursive: true });
  const [white, black] = await pair(await Person.register(browser, program.url), await Person.register(browser, program.url), "2+1");
  for (const [i, m] of ["e4", "d5", "exd5", "Qxd5", "Nc3"].entries()) {
    await (i % 2 ? black : white).type(m);
    await white.waitPlies(i + 1);
    await black.waitPlies(i + 1);
  }
  const live = white.page.url();
  const shots: [string, string][] = [
    ["lobby", program.url],
    ["game", live],
    ["tv", `${program.url}/tv`],
  ];
  const visitor = await Person.visit(browser, program.url);
  const signIn: [string, string][] = [
    ["register", `${program.url}/register`],
    ["about", `${program.url}/about`],
  ];
  await shoot(white, shots);
  await shoot(visitor, signIn);
  await black.button("Resign").click();
  await black.button("Really resign").click();
  await black.waitOver(/resigned/);
  await shoot(white, [
    ["over", live],
    ["player", `${program.url}/player/${white.name}`],
  ]);
  await leave(white, black, visitor);

  const first = await Person.visit(browser, "about:blank");
  await first.page.addInitScript(`window.shift = 0; new PerformanceObserver((l) => { for (const e of l.getEntries()) if (!e.hadRecentInput) window.shift += e.value; }).observe({ type: "layout-shift", buffered: true });`);
  for (const url of [program.url, live]) {
    await first.page.goto(url, { waitUntil: "load" });
    await first.page.locator(url === live ? ".game[data-seq]" : ".pool").first().waitFor();
    await first.page.waitForTimeout(1000);
    const [bytes, shift] = (await first.page.evaluate(
      `[performance.getEntriesByType("navigation").concat(performance.getEntriesByType("resource")).filter((e) => !e.name.includes("/v1/")).reduce((n, e) => n + e.transferSize, 0), window.shift]`,
    )) as [number, number];
    console.log(`      first load of ${new URL(url).pathname.slice(0, 6)}: ${(bytes / 1024).toFixed(0)} KiB, layout shift ${shift.toFixed(4)}`);
    if (bytes > maxFirstLoad) throw new Error(`the first load has ${bytes} bytes`);
    if (shift > maxShift) throw new Error(`the layout shifts by ${shift}`);
  }
  await first.context.close();
};

export async function shoot(p: Person, pages: [string, string][]) {
  for (const [name, url] of pages) {
    await p.page.goto(url);
    await p.page.locator("h1").first().waitFor({ state: "attached" });
    for (const width of [360, 768, 1440]) {
      for (const colorScheme of ["light", "dark"] as const) {
        await p.page.emulateMedia({ colorScheme });
        await p.page.setViewportSize({ width, height: width === 360 ? 740 : 900 });
        await p.page.waitForTimeout(250);
        await p.page.screenshot({ path: `${pictures}${name}-${width}-${colorScheme}.png`, fullPage: true });
        const wider = await p.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wider > 0) throw new Error(`${name} is ${wider} px wider than a window of ${width} px`);
        if (width === (colorScheme === "light" ? 360 : 1440)) await check(p.page, `${name}, ${width} px, ${colorScheme}`);
      }
    }
  }
  await p.page.setViewportSize({ width: 1280, height: 860 });
}
