// What a screen reader says: deep-chat has no live region, so this one is told of every new message, and of nothing old.
import { el } from "./dom";
import type { Message, Words } from "./types";

const KEPT = 5;

export class Announcer {
  readonly element = el("div", { class: "spoken", "aria-live": "polite" });

  constructor(private readonly words: Words) {}

  /** Read words out. */
  say(words: string): void {
    if (!words) return;
    this.element.append(el("p", {}, words));
    while (this.element.childElementCount > KEPT) this.element.firstElementChild?.remove();
  }

  /** Read a message out, and what can be answered to it. */
  message(message: Message): void {
    const who = this.words[message.from === "staff" ? "staff" : "bot"] ?? "";
    this.say(`${who}: ${message.text} ${message.buttons.map((button) => button.title).join(", ")}`.trim());
  }
}
