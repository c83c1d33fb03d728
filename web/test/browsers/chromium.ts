import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const executablePath = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((p) => p && existsSync(p));

export const haveChromium = executablePath !== undefined;

export const launch = (): Promise<Browser> => chromium.launch({ executablePath, args: ["--no-sandbox"] });
