import { signal } from "@preact/signals";

export const path = signal(location.pathname);

addEventListener("popstate", () => (path.value = location.pathname));

export function go(to: string) {
  if (to === location.pathname) return;
  history.pushState(null, "", to);
  path.value = location.pathname;
  scrollTo(0, 0);
}

// Links within the app do not load the page again.
document.addEventListener("click", (e) => {
  const link = (e.target as Element).closest?.("a");
  if (!link || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || link.target || link.hasAttribute("download")) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || url.pathname.startsWith("/v1/") || url.pathname === "/openapi.json") return;
  e.preventDefault();
  go(url.pathname);
});
