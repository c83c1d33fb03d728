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
