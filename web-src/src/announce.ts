// What a screen reader says: deep-chat has no live region, so this one is told of every new message, and of nothing old.
import { el } from "./dom";
import type { Message, Words } from "./types";

const KEPT = 20_000; // ms; who reads the page from top to bottom later does not meet everything twice

export class Announcer {
  readonly element = el("div", { class: "spoken", "aria-live": "polite" });

  constructor(private readonly words: Words) {}

  /** Read words out. */
  say(words: string): void {
    if (!words) return;
    const line = el("p", {}, words);
    this.element.append(line);
    setTimeout(() => line.remove(), KEPT);
  }

  /** Read a message out, and what can be answered to it. */
  message(message: Message): void {
    const who = this.words[message.from === "staff" ? "staff" : "bot"] ?? "";
    this.say(`${who}: ${message.text} ${message.buttons.map((button) => button.title).join(", ")}`.trim());
  }
}
