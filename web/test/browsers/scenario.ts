import type { Browser } from "playwright-core";
import { same } from "./expect";
import type { Person } from "./person";
import type { Program } from "./program";

export type Scenario = (browser: Browser, program: Program) => Promise<void>;

/** leave closes the windows; nothing may have gone wrong in them. */
export async function leave(...people: Person[]) {
  for (const p of people) {
    await p.context.close();
    same(p.wrongs, [], `what went wrong in the window of ${p.name}`);
  }
}
