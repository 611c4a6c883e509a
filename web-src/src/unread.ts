// How many messages came that nobody looked at: told to the widget, whose button shows it, or to the tab's title.
import type { Frame } from "./frame";
import * as memory from "./memory";
import type { Message } from "./types";

export class Unread {
  private count = 0;
  private readonly title = document.title;

  constructor(private readonly frame: Frame) {}

  /** A message came just now. */
  more(id: string): void {
    if (this.frame.seen) memory.seen.write(id);
    else this.show(this.count + 1);
  }

  /** A conversation was restored: what came after the message seen last is new. `last` is its newest message. */
  since(messages: Message[], last: string): void {
    const seen = messages.findIndex((message) => message.id === memory.seen.read());
    const later = seen < 0 ? [] : messages.slice(seen + 1).filter((message) => message.from !== "patient");
    if (this.frame.seen || seen < 0) this.none(last);
    else this.show(later.length);
  }

  /** Somebody looks at the chat. */
  none(last: string): void {
    if (last) memory.seen.write(last);
    this.show(0);
  }

  private show(count: number): void {
    this.count = count;
    if (this.frame.framed) this.frame.tell({ unread: count });
    else document.title = count ? `(${count}) ${this.title}` : this.title;
  }
}
