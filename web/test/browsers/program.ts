// The built program, as a child process on a free port and a data folder of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("../../..", import.meta.url).pathname;

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export class Program {
  private child: ChildProcess | undefined;
  private log = "";

  private constructor(
    readonly url: string,
    private readonly data: string,
    private readonly args: readonly string[],
  ) {}

  static async start(...args: string[]): Promise<Program> {
    const port = await freePort();
    const p = new Program(`http://127.0.0.1:${port}`, mkdtempSync(join(tmpdir(), "tabiya-web-")), ["--listen", `127.0.0.1:${port}`, "--wave", "200ms", ...args]);
    await p.up();
    return p;
  }

  /** up starts the program and waits until it is ready. */
  async up(): Promise<void> {
    const binary = process.env["TABIYA_BINARY"] ?? join(root, "bin/tabiya");
    const child = spawn(binary, ["up", "--data", this.data, ...this.args], { stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    child.stdout.on("data", (d: Buffer) => (this.log += d));
    child.stderr.on("data", (d: Buffer) => (this.log += d));
    for (let tries = 0; tries < 600; tries++) {
      if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode}:\n${this.log.slice(-4000)}`);
      try {
        if ((await fetch(`${this.url}/readyz`)).ok) return;
      } catch {
        // it does not listen yet
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the program was not ready within a minute:\n${this.log.slice(-4000)}`);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  /** kill ends it as a crash would. Its PostgreSQL notices by itself. */
  kill = () => this.end("SIGKILL");

  async close(): Promise<void> {
    await this.end("SIGTERM");
    rmSync(this.data, { recursive: true, force: true });
  }

  tail = () => this.log.slice(-6000);
}
