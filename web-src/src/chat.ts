// The conversation: opens or restores it, sends what the patient says until it has arrived, shows what comes.
import * as api from "./api";
import { Frame } from "./frame";
import * as memory from "./memory";
import { pause } from "./pause";
import { listen } from "./stream";
import type { Button, Config, Message, Outgoing } from "./types";
import { Unread } from "./unread";
import { View } from "./view";

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 20_000;
const READ = 800; // ms in which the last words of a chat that is left can be read

class Chat {
  private readonly view: View;
  private readonly frame = new Frame();
  private readonly unread: Unread;
  private token = "";
  private last = "";
  private readonly seen = new Set<string>();
  private readonly outbox: Outgoing[] = memory.outbox.read();
  private sending = false;
  private missed = false;
  private moveTo = "";
  private hurry = new AbortController();
  private line = new AbortController();
  private left = new AbortController(); // of the conversation shown: aborted when the patient leaves it for another

  constructor(
    host: HTMLElement,
    private readonly config: Config,
  ) {
    this.unread = new Unread(this.frame);
    this.view = new View(host, config, {
      typed: (text, drawn = false) => this.submit({ id: crypto.randomUUID(), shown: text, text }, drawn),
      pressed: (button) => this.press(button),
      tryNow: () => this.hurry.abort(),
      person: () => this.choose("person", "/talk_to_human"),
      booking: () => this.choose("my_booking", "/change_booking"),
      remove: () => this.choose("delete_data", "/delete_my_data"),
      startOver: () => void this.goTo(""),
      close: this.frame.framed ? () => this.frame.tell({ close: true }) : undefined,
      rate: (message, thumb, reason) => api.rate(this.token, message, thumb, reason),
      getCode: () => api.moveCode(this.token),
    });
  }

  async start(): Promise<void> {
    this.frame.dress();
    await this.view.mount(this.frame.look);
    this.view.warn(memory.danger.read(), false);
    this.frame.tell({ ready: true });
    this.frame.listen((open) => {
      this.looked();
      if (open) this.view.focus();
    });
    this.watch();
    await this.open();
    for (const message of this.outbox.filter(({ id }) => !this.seen.has(id))) {
      this.seen.add(message.id);
      this.view.own(message.id, message.shown, false);
    }
    void this.flush();
  }

  /** Come back from sleep, another tab or a dead network with nothing missing. */
  private watch(): void {
    const shown = () => this.looked();
    const connected = () => {
      this.view.say(navigator.onLine ? "" : (this.config.words.offline ?? ""));
      if (navigator.onLine) void this.catchUp();
    };
    document.addEventListener("visibilitychange", shown);
    window.addEventListener("online", connected);
    window.addEventListener("offline", connected);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) this.frame.tell({ close: true });
    });
  }

  private looked(): void {
    if (!this.frame.seen) return;
    this.unread.none(this.last);
    void this.catchUp();
  }

  /** Restore the conversation, or start one; tries until it can. */
  private async open(): Promise<void> {
    const left = this.left.signal;
    this.view.say(this.config.words.opening ?? "", false);
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      try {
        const [token, messages] = await this.restore(left);
        if (left.aborted) return;
        this.token = token;
        this.view.say("");
        messages.forEach((message) => this.take(message, false));
        this.unread.since(messages, this.last);
        this.listen();
        return;
      } catch (error) {
        if (left.aborted) return;
        if (error instanceof api.Problem && error.status === 401) {
          memory.token.forget();
          continue;
        }
        this.view.say(this.config.words.cannot_open ?? "");
        await pause(wait, left);
      }
    }
  }

  private async restore(left: AbortSignal): Promise<[string, Message[]]> {
    let token = memory.token.read();
    if (!token) {
      token = await api.openSession();
      if (!left.aborted) memory.token.write(token);
    }
    return [token, await api.history(token)];
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
    const left = this.left.signal;
    const messages = await api.history(this.token).catch(() => []);
    if (!this.sending && !left.aborted) messages.forEach((message) => this.take(message, true));
  }

  private take(message: Message, spoken: boolean): void {
    if (this.seen.has(message.id)) return;
    this.seen.add(message.id);
    this.last = message.id;
    const mine = message.metadata.client_id;
    if (mine && this.seen.has(mine)) return;
    if (mine) this.settle(mine);
    this.view.show(message, spoken);
    this.noteDanger();
    if (spoken && message.from !== "patient") this.unread.more(message.id);
  }

  private noteDanger(): void {
    const kind = this.view.danger;
    if (!kind) return;
    memory.danger.write(kind);
    this.frame.tell({ danger: kind });
  }

  /** A message that the server has needs no sending: its answer may have been lost on the way here. */
  private settle(id: string): void {
    const place = this.outbox.findIndex((message) => message.id === id);
    if (place >= 0) this.outbox.splice(place, 1);
    memory.outbox.write(this.outbox);
  }

  /** What the menu and the buttons at the top do: said in the patient's language, sent as an intent. */
  private choose(word: string, payload: string): void {
    this.press({ title: this.config.words[word] ?? "", payload });
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
    if (this.sending || !this.token) return;
    const left = this.left.signal;
    this.sending = true;
    try {
      for (let next = this.outbox[0]; next; next = this.outbox[0]) {
        await this.deliver(next, left);
        if (left.aborted) return;
        this.settle(next.id);
      }
    } finally {
      if (!left.aborted) {
        this.view.typing(false);
        this.sending = false;
      }
    }
    if (this.moveTo) {
      await pause(READ);
      if (!left.aborted) await this.goTo(this.moveTo);
    } else if (this.missed) await this.catchUp();
  }

  private async deliver(message: Outgoing, left: AbortSignal): Promise<void> {
    this.view.mark(message.id, "sending");
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      this.view.typing(true);
      try {
        const answer = await api.send(this.token, message);
        if (left.aborted) return this.heed(answer);
        this.view.typing(false);
        this.view.mark(message.id, "sent");
        answer.forEach((said) => this.take(said, true));
        if (answer.some((said) => said.metadata.erase)) memory.token.forget();
        const token = answer.map((said) => said.metadata.token).find(Boolean);
        if (token) this.moveTo = token;
        return;
      } catch (error) {
        if (left.aborted) return;
        this.view.typing(false);
        const problem = error instanceof api.Problem ? error : new api.Problem(0, "", 0);
        if (problem.status === 401) await this.renew();
        else if (!problem.passing) return this.refuse(message, problem);
        else await this.wait(message, problem, wait);
        if (left.aborted) return;
      }
    }
  }

  /** An answer of a conversation that was left is not shown in the next; a danger it names is. */
  private heed(answer: Message[]): void {
    for (const said of answer) this.view.warn(said.metadata.kind ?? "", true);
    this.noteDanger();
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
    this.token = this.last = "";
    const left = this.left.signal;
    await this.open();
    if (left.aborted) return;
    void this.flush();
    this.view.say(this.config.words.ended ?? "");
  }

  /** Leave this conversation for the one a token opens; without a token, for a new one. */
  private async goTo(token: string): Promise<void> {
    this.left.abort();
    const left = (this.left = new AbortController()).signal;
    this.line.abort();
    this.hurry.abort();
    this.sending = this.missed = false;
    this.outbox.length = 0;
    memory.outbox.write(this.outbox);
    if (token) memory.token.write(token);
    else memory.token.forget();
    this.seen.clear();
    this.token = this.last = this.moveTo = "";
    this.view.clear();
    await this.open();
    if (left.aborted) return;
    void this.flush();
    if (token) this.view.say(this.config.words.moved ?? "");
  }
}

const host = document.querySelector<HTMLElement>("[data-chat]");
const config = document.getElementById("mesoguide-chat")?.textContent;
if (host && config) void new Chat(host, JSON.parse(config) as Config).start();
