import { signal } from "@preact/signals";

type Theme = "auto" | "light" | "dark";
const stored = localStorage.getItem("tabiya.theme");
export const theme = signal<Theme>(stored === "light" || stored === "dark" ? stored : "auto");

export function applyTheme() {
  if (theme.value === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
}

/** toggleTheme goes to the other one of what is seen now. */
export function toggleTheme() {
  const dark = theme.value === "dark" || (theme.value === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  theme.value = dark ? "light" : "dark";
  localStorage.setItem("tabiya.theme", theme.value);
  applyTheme();
}
