// What the browser remembers: for every tab the chat's token, the newest message seen and a danger that was named; for
// this tab what it has not been able to send yet.
// A browser that remembers nothing (private mode, storage full) still chats; it only forgets at a reload.
import type { Outgoing } from "./types";

const OUTBOX = "mesoguide.outbox";
const KEPT = 30 * 86_400; // seconds; as long as the server's tokens open their chat
const DANGER_HOURS = 24; // so long the number to call stays in sight, whatever happens to the chat

export const token = shared("mesoguide.token");
export const seen = shared("mesoguide.seen");

const named = shared("mesoguide.danger");
export const danger = {
  /** The danger named on this device within the last day; empty for none. */
  read(): string {
    const [kind = "", until = "0"] = named.read().split(".");
    return Number(until) > Date.now() ? kind : "";
  },
  write: (kind: string) => named.write(`${kind}.${Date.now() + DANGER_HOURS * 3_600_000}`),
};

/** A browser that denies storage to a frame on another site (a private window of Chromium does) still grants it cookies
 * of its own for each such site. They go to /chat alone, never to the channel, and no other origin can read them. */
function shared(name: string) {
  return {
    read: () => get(() => localStorage, name) ?? cookie.read(name),
    write: (value: string) => set(() => localStorage, name, value) || cookie.write(name, value, KEPT),
    forget: () => set(() => localStorage, name, null) || cookie.write(name, "", 0),
  };
}

const cookie = {
  read: (name: string) => new RegExp(`(?:^|; )${name}=([^;]*)`).exec(document.cookie)?.[1] ?? "",
  write(name: string, value: string, seconds: number): void {
    document.cookie = `${name}=${value}; Path=/chat; Max-Age=${seconds}; Secure; SameSite=None; Partitioned`;
  },
};

export const outbox = {
  read(): Outgoing[] {
    try {
      const kept = JSON.parse(get(() => sessionStorage, OUTBOX) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  },
  write: (items: Outgoing[]) => void set(() => sessionStorage, OUTBOX, items.length ? JSON.stringify(items) : null),
};

function get(storage: () => Storage, name: string): string | null {
  try {
    return storage().getItem(name);
  } catch {
    return null;
  }
}

/** Whether it was kept. */
function set(storage: () => Storage, name: string, value: string | null): boolean {
  try {
    if (value === null) storage().removeItem(name);
    else storage().setItem(name, value);
    return true;
  } catch {
    return false; // see above
  }
}
