// A player's page for the benchmark (benchmarks/measure_page.go): it opens a game and
// notes when each ply was painted. It prints "ready" when the board is there, and what it
// has noted when its standard input is closed.
import { haveChromium, launch } from "../browsers/chromium";

const [url, game, handle, password] = process.argv.slice(2) as [string, string, string, string];
if (!haveChromium) {
  console.error("the page is not measured: Chromium is not installed");
  process.exit(1);
}

/** notePaints runs in the page. The message is handled after the frame was painted. */
const notePaints = `
  window.paints = [];
  const painted = new MessageChannel();
  let waiting = [];
  painted.port1.onmessage = () => {
    const at = performance.timeOrigin + performance.now();
    for (const ply of waiting.splice(0)) window.paints.push({ ply, at });
  };
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (waiting.push(Number(target.dataset.plies)) === 1) requestAnimationFrame(() => painted.port2.postMessage(0));
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-plies"] });
`;

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
const answer = await context.request.post(`${url}/v1/sessions?session=cookie`, { data: { handle, password }, headers: { Origin: url } });
if (!answer.ok()) throw new Error(`sign in: ${answer.status()} ${await answer.text()}`);
const page = await context.newPage();
await page.goto(`${url}/game/${game}`, { waitUntil: "load" });
await page.locator('[data-link="open"]').waitFor();
const bytes = (await page.evaluate(
  `performance.getEntriesByType("navigation").concat(performance.getEntriesByType("resource")).filter((e) => !e.name.includes("/v1/")).reduce((n, e) => n + e.transferSize, 0)`,
)) as number;
await page.evaluate(notePaints);
console.log("ready");

process.stdin.resume();
await new Promise((resolve) => process.stdin.once("end", resolve));
console.log(JSON.stringify({ firstLoadBytes: bytes, paints: await page.evaluate("window.paints") }));
await browser.close();
