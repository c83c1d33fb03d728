// The server's clock, as well as this page can know it.

interface Sample {
  offset: number; // the server's clock minus this one's, in ms
  rtt: number;
  at: number;
}

/** ServerTime estimates the server's clock from round trips, as NTP does: the shortest
 * of the last few is the least disturbed. */
export class ServerTime {
  private samples: Sample[] = [];

  constructor(private readonly local: () => number = () => Date.now()) {}

  /** sample notes that the server said `server` (ms) in answer to what was sent at `sent`. */
  sample(sent: number, server: number) {
    const at = this.local();
    this.samples = [...this.samples.slice(-7), { offset: server - (sent + at) / 2, rtt: at - sent, at }];
  }

  /** atLeast notes that the server's clock has passed `server`: an event of then is here. */
  atLeast(server: number) {
    const missing = server - this.now();
    if (missing <= 0) return;
    if (this.samples.length === 0) this.samples = [{ offset: missing, rtt: 1000, at: this.local() }];
    else this.samples = this.samples.map((s) => ({ ...s, offset: s.offset + missing }));
  }

  private best(): Sample | undefined {
    return this.samples.reduce<Sample | undefined>((best, s) => (!best || s.rtt <= best.rtt ? s : best), undefined);
  }

  now(): number {
    return this.local() + (this.best()?.offset ?? 0);
  }

  /** lagCs is the last round trip in centiseconds, if one was measured. */
  lagCs(): number | undefined {
    const last = this.samples.at(-1);
    return last && last.rtt < 1000 ? Math.round(last.rtt / 10) : undefined;
  }
}
