// What the browser remembers: for every tab the chat's token, the newest message seen and a danger that was named; for
// this tab what it has not been able to send yet.
// A browser that remembers nothing (private mode, storage full) still chats; it only forgets at a reload.
import type { Outgoing } from "./types";

const OUTBOX = "mesoguide.outbox";
const DANGER_HOURS = 24; // so long the number to call stays in sight, whatever happens to the chat

export const token = shared("mesoguide.token");
export const seen = shared("mesoguide.seen");

const named = shared("mesoguide.danger");
export const danger = {
  /** The danger named on this device within the last day; empty for none. */
  read(): string {
    const [kind = "", until = "0"] = named.read().split(" ");
    return Number(until) > Date.now() ? kind : "";
  },
  write: (kind: string) => named.write(`${kind} ${Date.now() + DANGER_HOURS * 3_600_000}`),
};

function shared(name: string) {
  return {
    read: () => get(() => localStorage, name) ?? "",
    write: (value: string) => set(() => localStorage, name, value),
    forget: () => set(() => localStorage, name, null),
  };
}

export const outbox = {
  read(): Outgoing[] {
    try {
      const kept = JSON.parse(get(() => sessionStorage, OUTBOX) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  },
  write: (items: Outgoing[]) => set(() => sessionStorage, OUTBOX, items.length ? JSON.stringify(items) : null),
};

function get(storage: () => Storage, name: string): string | null {
  try {
    return storage().getItem(name);
  } catch {
    return null;
  }
}

function set(storage: () => Storage, name: string, value: string | null): void {
  try {
    if (value === null) storage().removeItem(name);
    else storage().setItem(name, value);
  } catch {
    // see above
  }
}
