// The conversation: opens or restores it, sends what the patient says until it has arrived, shows what comes.
import * as api from "./api";
import * as memory from "./memory";
import { pause } from "./pause";
import { listen } from "./stream";
import type { Button, Config, Message, Outgoing } from "./types";
import { View } from "./view";

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 20_000;

class Chat {
  private readonly view: View;
  private token = "";
  private last = "";
  private readonly seen = new Set<string>();
  private readonly outbox: Outgoing[] = memory.outbox.read();
  private sending = false;
  private missed = false;
  private hurry = new AbortController();
  private line = new AbortController();

  constructor(
    host: HTMLElement,
    private readonly config: Config,
  ) {
    this.view = new View(host, config, {
      typed: (text) => this.submit({ id: crypto.randomUUID(), shown: text, text }, true),
      pressed: (button) => this.press(button),
      person: () => this.press({ title: config.words.person ?? "", payload: "/talk_to_human" }),
      startOver: () => void this.startOver(),
      tryNow: () => this.hurry.abort(),
    });
  }

  async start(): Promise<void> {
    await this.view.mount();
    await this.open();
    for (const message of this.outbox) {
      this.seen.add(message.id);
      this.view.own(message.id, message.shown, false);
    }
    void this.flush();
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") void this.catchUp();
    });
  }

  /** Restore the conversation, or start one; tries until it can. */
  private async open(): Promise<void> {
    this.view.say(this.config.words.opening ?? "");
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      try {
        const messages = await this.restore();
        this.view.say("");
        messages.forEach((message) => this.take(message, false));
        this.listen();
        return;
      } catch (error) {
        if (error instanceof api.Problem && error.status === 401) {
          memory.token.forget();
          continue;
        }
        this.view.say(this.config.words.cannot_open ?? "");
        await pause(wait);
      }
    }
  }

  private async restore(): Promise<Message[]> {
    this.token = memory.token.read();
    if (!this.token) {
      this.token = await api.openSession();
      memory.token.write(this.token);
    }
    return api.history(this.token);
  }

  private listen(): void {
    this.line.abort();
    this.line = new AbortController();
    const listener = {
      last: () => this.last,
      heard: (message: Message) => void this.hear(message),
      back: () => void this.catchUp(),
      ended: () => void this.renew(),
    };
    void listen(this.token, listener, this.line.signal);
  }

  /** Something new came while this tab was not asking: another tab or a person. The history has it in its order. */
  private async hear(message: Message): Promise<void> {
    if (this.seen.has(message.id)) return;
    if (message.from === "staff") this.take(message, true);
    else if (this.sending) this.missed = true; // most likely the answer that is on its way here
    else await this.catchUp();
  }

  /** Show what the server has and this window has not. */
  private async catchUp(): Promise<void> {
    if (this.sending || !this.token) return;
    this.missed = false;
    const messages = await api.history(this.token).catch(() => []);
    if (!this.sending) messages.forEach((message) => this.take(message, true));
  }

  private take(message: Message, spoken: boolean): void {
    if (this.seen.has(message.id)) return;
    this.seen.add(message.id);
    this.last = message.id;
    const mine = message.metadata.client_id;
    if (mine && this.seen.has(mine)) return;
    if (mine) this.settle(mine);
    this.view.show(message, spoken);
  }

  /** A message that the server has needs no sending: its answer may have been lost on the way here. */
  private settle(id: string): void {
    const place = this.outbox.findIndex((message) => message.id === id);
    if (place >= 0) this.outbox.splice(place, 1);
    memory.outbox.write(this.outbox);
  }

  private press(button: Button): void {
    this.submit({ id: crypto.randomUUID(), shown: button.title, payload: button.payload }, false);
  }

  private submit(message: Outgoing, drawn: boolean): void {
    this.seen.add(message.id);
    this.outbox.push(message);
    memory.outbox.write(this.outbox);
    this.view.own(message.id, message.shown, drawn);
    void this.flush();
  }

  /** Send what waits, one after the other; each until it has arrived or is refused. */
  private async flush(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      for (let next = this.outbox[0]; next; next = this.outbox[0]) {
        await this.deliver(next);
        this.settle(next.id);
      }
    } finally {
      this.view.typing(false);
      this.sending = false;
    }
    if (this.missed) await this.catchUp();
  }

  private async deliver(message: Outgoing): Promise<void> {
    this.view.mark(message.id, "sending");
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      this.view.typing(true);
      try {
        const answer = await api.send(this.token, message);
        this.view.typing(false);
        this.view.mark(message.id, "sent");
        answer.forEach((said) => this.take(said, true));
        if (answer.some((said) => said.metadata.erase)) memory.token.forget();
        return;
      } catch (error) {
        this.view.typing(false);
        const problem = error instanceof api.Problem ? error : new api.Problem(0, "", 0);
        if (problem.status === 401) await this.renew();
        else if (!problem.passing) return this.refuse(message, problem);
        else await this.wait(message, problem, wait);
      }
    }
  }

  private async wait(message: Outgoing, problem: api.Problem, wait: number): Promise<void> {
    this.view.mark(message.id, "waiting", problem.status === 0 ? "" : problem.detail);
    this.hurry = new AbortController();
    await pause(Math.max(wait, problem.retryAfter * 1000), this.hurry.signal);
    this.view.mark(message.id, "sending");
  }

  private refuse(message: Outgoing, problem: api.Problem): void {
    this.view.mark(message.id, "failed", problem.detail);
    if ("text" in message) this.view.giveBack(message.text);
  }

  /** The conversation is gone (too old, or deleted): go on in a new one. */
  private async renew(): Promise<void> {
    if (memory.token.read() === this.token) memory.token.forget();
    this.last = "";
    await this.open();
    this.view.say(this.config.words.ended ?? "");
  }

  private async startOver(): Promise<void> {
    this.outbox.length = 0;
    memory.outbox.write(this.outbox);
    memory.token.forget();
    this.seen.clear();
    this.last = "";
    this.view.clear();
    await this.open();
  }
}

const host = document.querySelector<HTMLElement>("[data-chat]");
const config = document.getElementById("mesoguide-chat")?.textContent;
if (host && config) void new Chat(host, JSON.parse(config) as Config).start();
