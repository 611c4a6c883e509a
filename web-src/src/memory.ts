// What the browser remembers: the chat's token for every tab, and what this tab has not been able to send yet.
// A browser that remembers nothing (private mode, storage full) still chats; it only forgets at a reload.
import type { Outgoing } from "./types";

const TOKEN = "mesoguide.token";
const OUTBOX = "mesoguide.outbox";

export const token = {
  read: () => get(() => localStorage, TOKEN) ?? "",
  write: (value: string) => set(() => localStorage, TOKEN, value),
  forget: () => set(() => localStorage, TOKEN, null),
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
