/** clockText writes a clock: 1:02:03, 12:05, and tenths below ten seconds. */
export function clockText(cs: number): string {
  if (cs < 1000) {
    const tenths = Math.floor(Math.max(0, cs) / 10);
    return `0:0${Math.floor(tenths / 10)}.${tenths % 10}`;
  }
  const seconds = Math.floor(cs / 100);
  const h = Math.floor(seconds / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  const s = String(seconds % 60).padStart(2, "0");
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

/** durationText writes how long something took, in words for the eye: 0.4 s, 12 s, 2 min 5 s. */
export function durationText(cs: number): string {
  if (cs < 1000) return `${(cs / 100).toFixed(cs < 100 ? 2 : 1)} s`;
  const seconds = Math.round(cs / 100);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** lowTimeCs is when a clock warns: a tenth of the time at the start, within 10 and 60 s. */
export function lowTimeCs(initialCs: number): number {
  return Math.min(6000, Math.max(1000, initialCs / 10));
}

/** controlText writes a time control as its queue is called: 3+2. */
export function controlText(c: { initialCs: number; incrementCs: number }): string {
  const minutes = c.initialCs / 6000;
  const text = Number.isInteger(minutes) ? String(minutes) : minutes < 1 ? `${c.initialCs / 100}s` : minutes.toFixed(1);
  return `${text}+${c.incrementCs / 100}`;
}
