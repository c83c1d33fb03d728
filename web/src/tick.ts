import { useEffect, useState } from "preact/hooks";

/** useTick renders the component again every so many milliseconds while it is active. */
export function useTick(ms: number, active = true) {
  const [, set] = useState(0);
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => set((n) => n + 1), ms);
    return () => clearInterval(timer);
  }, [ms, active]);
}

/** usePolled calls load now and every so many milliseconds, as long as the window is seen.
 * It returns what the last call threw, in words; the signal ends with the component. */
export function usePolled(ms: number, load: (signal: AbortSignal) => Promise<void>): string {
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const abort = new AbortController();
    const once = async () => {
      if (document.hidden) return;
      try {
        await load(abort.signal);
        setProblem("");
      } catch (err) {
        if (!abort.signal.aborted) setProblem((err as Error).message);
      }
    };
    void once();
    const timer = setInterval(() => void once(), ms);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, []);
  return problem;
}
