// Web addresses, and the clinic's numbers and mailbox, become links inside a message. Only text nodes are touched: words
// never pass through HTML. What else looks like an address, the patient's own for one, stays text.
import { el } from "./dom";
import type { Call } from "./types";

const FOUND = /https:\/\/[^\s<>"']*[^\s<>"'.,;:!?()[\]]/g;

/** Make links of what can be followed inside an element. */
export function link(element: Element, calls: Call[]): void {
  const texts: Text[] = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  for (const text of texts) if (!text.parentElement?.closest("a")) text.replaceWith(...linked(text.data, calls));
}

function linked(text: string, calls: Call[]): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let end = 0;
  for (const [start, found, address] of places(text, calls)) {
    if (start < end) continue;
    const followed = el("a", { href: address }, found);
    if (address.startsWith("https:")) Object.assign(followed, { target: "_blank", rel: "noopener noreferrer" });
    parts.push(text.slice(end, start), followed);
    end = start + found.length;
  }
  return [...parts, text.slice(end)];
}

function places(text: string, calls: Call[]): [number, string, string][] {
  const found: [number, string, string][] = [];
  for (const match of text.matchAll(FOUND)) {
    found.push([match.index, match[0], match[0]]);
  }
  for (const call of calls) {
    const number = new RegExp(`(?<![\\w+])${call.text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?!\\w)`, "g");
    for (const match of text.matchAll(number)) found.push([match.index, match[0], call.link]);
  }
  return found.sort((one, other) => one[0] - other[0]);
}

/** Whether the chat may link to an address that came with a message: this clinic's server, or a secure page. */
export function mayLink(address: string): boolean {
  try {
    const url = new URL(address, location.origin);
    return url.origin === location.origin || url.protocol === "https:";
  } catch {
    return false;
  }
}
