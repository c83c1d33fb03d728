// Who is signed in, the same in all tabs of this browser.
import { signal } from "@preact/signals";
import { api, newKey } from "./api";
import { Refused } from "./problems";
import type { Account } from "./wire/types";

/** account is undefined until it is known, and null if nobody is signed in. */
export const account = signal<Account | null | undefined>(undefined);

const tabs = new BroadcastChannel("tabiya.session");
tabs.onmessage = () => void restore();

/** restore asks the server whose session the cookie is. */
export async function restore(): Promise<void> {
  for (let wait = 500; ; wait = Math.min(5000, wait * 2)) {
    try {
      account.value = await api.me();
      return;
    } catch (err) {
      if (err instanceof Refused && ["unauthenticated", "token_expired", "session_ended", "forbidden", "player_closed", "player_not_found"].includes(err.code)) {
        account.value = null;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, wait)); // the server is away: it may come back with the session
    }
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  const who = name.includes("@") ? { email: name } : { handle: name };
  account.value = (await api.signIn({ ...who, password })).account;
  tabs.postMessage("changed");
}

let registration = { body: "", key: "" };

export async function register(handle: string, password: string, email: string): Promise<void> {
  const body = { handle, password, ...(email ? { email } : {}) };
  const text = JSON.stringify(body);
  if (registration.body !== text) registration = { body: text, key: newKey() }; // a second press repeats the first
  account.value = (await api.register(body, registration.key)).account;
  tabs.postMessage("changed");
}

export async function signOut(): Promise<void> {
  try {
    await api.signOut();
  } catch (err) {
    if (!(err instanceof Refused) || !["unauthenticated", "token_expired", "session_ended"].includes(err.code)) throw err;
  }
  account.value = null;
  tabs.postMessage("changed");
}
