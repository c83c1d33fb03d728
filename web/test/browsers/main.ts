// Browsers against the built program: people meet, play, lose their connection, watch and
// look back. The pictures that it takes are in web/test/pictures, to be looked at.
import { drawByTwoOffers, flagFall, premoves, rematchTwice, takeback, twoTabs } from "./agreements";
import { haveChromium, launch } from "./chromium";
import { keyboardOnly } from "./keyboard";
import { offlineMove } from "./offline";
import { leaders } from "./leaders";
import { looks } from "./looks";
import { outage } from "./outage";
import { Program } from "./program";
import { signing } from "./signing";
import { wholeGame } from "./wholegame";
import type { Scenario } from "./scenario";

if (!haveChromium) {
  if (process.env["CI"] === "true") throw new Error("Chromium is not installed");
  console.log("skipped: the browser tests need Chromium");
  process.exit(0);
}

const only = process.argv.slice(2);
const program = await Program.start();
const browser = await launch();
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
  // The others wait a lot, so two run at a time. Each has a pool of its own.
  const rest = { looks, leaders, flagFall, offlineMove, premoves, rematchTwice, keyboardOnly, takeback, drawByTwoOffers, twoTabs, signing };
  const queue = Object.entries(rest);
  const lane = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await run(...next);
  };
  await Promise.all([lane(), lane()]);
  await run("outage", outage); // it suspends half of the games
  if (failed > 0) console.error(program.tail());
} finally {
  await browser.close();
  await program.close();
}
process.exit(failed > 0 ? 1 : 0);
