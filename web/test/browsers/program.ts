// The built program, as a child process on a free port and a data folder of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
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
  private others: ChildProcess[] = [];
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
    this.child = this.spawn(["up", "--data", this.data, ...this.args]);
    await this.ready(this.child, this.url);
  }

  private spawn(args: string[], env: Record<string, string> = {}): ChildProcess {
    const binary = process.env["TABIYA_BINARY"] ?? join(root, "bin/tabiya");
    const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
    child.stdout.on("data", (d: Buffer) => (this.log += d));
    child.stderr.on("data", (d: Buffer) => (this.log += d));
    return child;
  }

  private async ready(child: ChildProcess, url: string): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode}:\n${this.log.slice(-4000)}`);
      try {
        if ((await fetch(`${url}/readyz`)).ok) return;
      } catch {
        // it does not listen yet
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the program was not ready within a minute:\n${this.log.slice(-4000)}`);
  }

  private endpoints(): { serviceToken: string; kafka: string[]; kafkaLogin: { mechanism: string; user: string; password: string } } {
    return JSON.parse(readFileSync(join(this.data, "endpoints.json"), "utf8"));
  }

  /** processor starts a process with another processor of that name, which takes its share
   * of the partitions. */
  async processor(name: string): Promise<ChildProcess> {
    const { kafka, kafkaLogin } = this.endpoints();
    const port = await freePort();
    const child = this.spawn(["processor", name, "--kafka", kafka.join(","), "--kafka-sasl", kafkaLogin.mechanism, "--kafka-user", kafkaLogin.user, "--listen", `127.0.0.1:${port}`], {
      TABIYA_KAFKA_PASSWORD: kafkaLogin.password,
    });
    this.others.push(child);
    await this.ready(child, `http://127.0.0.1:${port}`);
    return child;
  }

  /** createGame makes a game as a tournament would: at once, with any time control. It
   * waits until new players are known, which are told by the log. */
  async createGame(white: string, black: string, seconds: number, rated = false): Promise<string> {
    for (let tries = 0; ; tries++) {
      const answer = await fetch(`${this.url}/v1/games`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.endpoints().serviceToken}` },
        body: JSON.stringify({ white, black, rated, timeControl: { initialCs: seconds * 100, incrementCs: 0 } }),
      });
      const text = await answer.text();
      if (answer.status === 201) return (JSON.parse(text) as { id: string }).id;
      if (!text.includes("player_not_found") || tries === 100) throw new Error(`create a game: ${answer.status} ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
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
    for (const child of this.others) child.kill("SIGKILL");
    await this.end("SIGTERM");
    rmSync(this.data, { recursive: true, force: true });
  }

  tail = () => this.log.slice(-6000);
}
