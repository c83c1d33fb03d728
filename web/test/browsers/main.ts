// Browsers against the built program: people meet, play, lose their connection, watch and
// look back. The pictures that it takes are in web/test/pictures, to be looked at.
import { chromium } from "playwright-core";
import { existsSync } from "node:fs";
import { drawByTwoOffers, flagFall, premoves, rematchTwice, takeback, twoTabs } from "./agreements";
import { keyboardOnly } from "./keyboard";
import { offlineMove } from "./offline";
import { looks } from "./looks";
import { Program } from "./program";
import { signing } from "./signing";
import { wholeGame } from "./wholegame";
import type { Scenario } from "./scenario";

const executablePath = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((p) => p && existsSync(p));
if (!executablePath) {
  if (process.env["CI"] === "true") throw new Error("Chromium is not installed");
  console.log("skipped: the browser tests need Chromium");
  process.exit(0);
}

const only = process.argv.slice(2);
const program = await Program.start();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let failed = 0;

async function run(name: string, scenario: Scenario): Promise<void> {
  if (only.length > 0 && !only.includes(name)) return;
  const began = Date.now();
  const contexts = new Set(browser.contexts());
  try {
    await scenario(browser, program);
    console.log(`ok    ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } catch (err) {
    failed++;
    console.error(`FAILED ${name}:`, err);
    for (const context of browser.contexts().filter((c) => !contexts.has(c))) {
      for (const page of context.pages()) console.error(`--- ${page.url()}\n${await page.locator("body").innerText()}`);
    }
  }
}

try {
  await run("wholeGame", wholeGame); // it kills the program, so nothing else runs meanwhile
  const flag = run("flagFall", flagFall); // a minute of waiting
  await run("signing", signing);
  await run("premoves", premoves);
  await run("drawByTwoOffers", drawByTwoOffers);
  await run("takeback", takeback);
  await run("rematchTwice", rematchTwice);
  await run("twoTabs", twoTabs);
  await run("keyboardOnly", keyboardOnly);
  await run("offlineMove", offlineMove);
  await run("looks", looks);
  await flag;
  if (failed > 0) console.error(program.tail());
} finally {
  await browser.close();
  await program.close();
}
process.exit(failed > 0 ? 1 : 0);
