// The chat window: deep-chat draws the conversation and the text box; what it lacks stands here and in the modules beside:
// header and menu, the way to the emergency number, choices, cards, thumbs, the state of what is sent, announcements.
import "deep-chat/dist/deepChat.bundle.js";
import type { DeepChat } from "deep-chat";
import shadowStyle from "../styles/shadow.css";
import { Announcer } from "./announce";
import { beside } from "./card";
import { askCode, confirm, showCode } from "./dialogs";
import { button, el } from "./dom";
import { header, type HeaderActions, type Look } from "./header";
import { link } from "./links";
import { offers } from "./offers";
import { pause } from "./pause";
import { showTextAsText } from "./plain";
import { type Rate, thumbs } from "./thumbs";
import type { Button, Config, Message } from "./types";

export type SendState = "sending" | "waiting" | "failed" | "sent";

export type Actions = Omit<HeaderActions, "move" | "code"> & {
  typed: (text: string, drawn?: boolean) => void; // `drawn`: the window shows the words already
  pressed: (button: Button) => void;
  tryNow: () => void;
  rate: Rate;
  getCode: () => Promise<string | undefined>;
};

const DANGER = ["emergency", "urgent"];
const LONGEST_TEXT = 2000;
const NEAR_END = 60; // pixels
const SLOW = 2_500; // ms after which a screen reader is told that an answer is being written

export class View {
  private readonly chat: DeepChat = document.createElement("deep-chat");
  private readonly alarm = el("div", { class: "alarm", hidden: "" });
  private readonly status = el("p", { class: "status" });
  private readonly announcer: Announcer;
  private readonly bubbles = new Map<string, HTMLElement>();
  private typingSince = 0;
  private shown = ""; // the newest message
  private byHand = false; // the patient has scrolled away from the newest message

  constructor(
    private readonly host: HTMLElement,
    private readonly config: Config,
    private readonly actions: Actions,
  ) {
    this.announcer = new Announcer(config.words);
  }

  /** Draw the window; resolves when messages can be shown. */
  async mount(look: Look): Promise<void> {
    showTextAsText();
    const drawn = new Promise<void>((resolve) => {
      this.configure(resolve);
    });
    this.host.replaceChildren(this.alarm, this.header(look), this.chat, this.status, this.announcer.element);
    await drawn;
    // deep-chat draws once more when its properties were still settling, and would forget what was shown before.
    while ((this.chat as unknown as { _waitingToRender_: boolean })._waitingToRender_) await pause(5);
    this.finish();
  }

  /** Empty the window for another conversation. The way to the emergency number stays. */
  clear(): void {
    this.typing(false);
    this.chat.clearMessages(true);
    this.bubbles.clear();
  }

  /** Show a message. `spoken` reads it out; old messages are shown without. */
  show(message: Message, spoken: boolean): void {
    const role = this.role(message);
    this.shown = message.id;
    if (message.text) this.chat.addMessage({ role, text: message.text });
    if (message.text) this.dress(message, this.newest(role));
    this.offer(message);
    this.warn(message.metadata.kind ?? "", spoken);
    this.scroll();
    if (spoken && message.from !== "patient") this.announcer.message(message);
  }

  /** Show the patient's own words at once; `id` names them for `mark`. */
  own(id: string, text: string, drawn: boolean): void {
    if (!drawn) this.chat.addMessage({ role: "user", text });
    const row = this.newest("user");
    if (row) this.bubbles.set(id, row);
  }

  /** Say under the patient's words how far they are. */
  mark(id: string, state: SendState, detail = ""): void {
    const bubble = this.bubbles.get(id);
    if (!bubble) return;
    bubble.dataset.state = state;
    bubble.querySelector(".state")?.remove();
    if (state === "sent") return;
    const line = el("div", { class: "state" }, detail || this.word(state));
    if (state === "waiting") line.append(" ", button(this.word("try_now"), "again", this.actions.tryNow));
    bubble.append(line);
    if (state !== "sending") this.announcer.say(line.firstChild?.textContent ?? "");
  }

  typing(on: boolean): void {
    if (on === this.typingSince > 0) return;
    const since = on ? Date.now() : 0;
    this.typingSince = since;
    const bubble = this.chat.displayLoadingBubble as { toggle: (config?: { role: string }) => void };
    bubble.toggle(on ? { role: "ai" } : undefined);
    if (on) setTimeout(() => this.typingSince === since && this.announcer.say(this.word("typing")), SLOW);
  }

  /** Say how the chat itself is, under the conversation; nothing where all is well. */
  say(status: string, spoken = true): void {
    if (spoken && status !== this.status.textContent) this.announcer.say(status);
    this.status.textContent = status;
  }

  /** Once danger was named, the number to call stays in sight. */
  warn(kind: string, spoken: boolean): void {
    if (!DANGER.includes(kind) || (kind === "urgent" && this.alarm.dataset.kind === "emergency")) return;
    const call = kind === "emergency" ? this.config.emergency : this.config.phone;
    this.alarm.dataset.kind = kind;
    this.alarm.replaceChildren(el("a", { href: call.link }, this.word(kind)));
    this.alarm.hidden = false;
    if (spoken) this.alarm.setAttribute("role", "alert");
  }

  /** The danger that was named; empty for none. */
  get danger(): string {
    return this.alarm.dataset.kind ?? "";
  }

  /** Put words back into the text box, so that nothing is lost. */
  giveBack(text: string): void {
    const input = this.input();
    if (!input || input.textContent) return;
    input.textContent = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** To the text box; on a touch screen to the conversation, so that no keyboard covers it. */
  focus(): void {
    if (matchMedia("(hover: hover)").matches) return this.chat.focusInput();
    const log = this.inside().querySelector<HTMLElement>("#messages");
    log?.classList.add("touched"); // no outline for a finger; a key brings it back
    log?.focus();
  }

  /** Keep the newest message in sight when the window changes its size: a phone turned round, its keyboard opened. */
  private stay(log: HTMLElement): void {
    const moved = () => (this.byHand = true);
    this.host.ownerDocument.addEventListener("keydown", () => log.classList.remove("touched"));
    for (const gesture of ["wheel", "touchmove", "keydown", "pointerdown"]) log.addEventListener(gesture, moved, { passive: true });
    const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
    log.addEventListener("scrollend", () => (this.byHand &&= !isAtEnd()));
    new ResizeObserver(() => {
      if (!this.byHand) log.scrollTo({ top: log.scrollHeight, behavior: "instant" });
    }).observe(log);
  }

  /** Show the newest message whole, once everything around it has its place. */
  private scroll(): void {
    this.byHand = false;
    requestAnimationFrame(() => requestAnimationFrame(() => this.chat.scrollToBottom()));
  }

  private configure(drawn: () => void): void {
    const { words } = this.config;
    // A font of its own keeps deep-chat from fetching one from elsewhere.
    Object.assign(this.chat.style, { fontFamily: "inherit", display: "block", width: "100%", height: "100%", border: "none" });
    Object.assign(this.chat, {
      onComponentRender: drawn,
      auxiliaryStyle: shadowStyle,
      names: this.names(),
      textInput: { characterLimit: LONGEST_TEXT, placeholder: { text: words.input } },
      displayLoadingBubble: { toggle: () => {} },
      connect: { websocket: true, handler: (_: unknown, signals: Signals) => this.connect(signals) },
    });
  }

  /** deep-chat's "websocket" mode: a patient may write on while the bot still answers. */
  private connect(signals: Signals): void {
    signals.onOpen();
    signals.newUserMessage.listener = (body) => {
      const text = body.messages?.at(-1)?.text?.trim();
      if (text) this.actions.typed(text, true);
    };
  }

  private names(): object {
    const { you, bot, staff } = this.config.words;
    const named = (text = "") => ({ text, position: "start" }); // before the words, also for who hears the page
    return { user: named(you), ai: named(bot), staff: named(staff), emergency: named(bot), urgent: named(bot), replies: named() };
  }

  /** What deep-chat leaves out of the accessibility tree. */
  private finish(): void {
    const log = this.inside().querySelector<HTMLElement>("#messages");
    if (log) this.stay(log);
    log?.setAttribute("role", "log");
    log?.setAttribute("aria-live", "off"); // the newest message is read out by `announcer`, old ones are not
    log?.setAttribute("aria-label", this.word("log"));
    log?.setAttribute("tabindex", "0");
    this.input()?.setAttribute("aria-multiline", "true");
    this.input()?.setAttribute("dir", "auto");
    this.inside().querySelector(".input-button")?.setAttribute("aria-label", this.word("send"));
    this.inside().querySelector(".input-button svg")?.setAttribute("aria-hidden", "true");
  }

  private header(look: Look): HTMLElement {
    const { config, host, actions } = this;
    return header(config, look, host.matches("main") ? "h1" : "h2", {
      ...actions,
      startOver: () => confirm(host, config.words, this.word("start_over_sure"), actions.startOver),
      move: () => void actions.getCode().then((code) => showCode(host, config, code)),
      code: () => askCode(host, config.words, actions.typed),
    });
  }

  /** What a message carries beside its words. */
  private dress(message: Message, row: HTMLElement | undefined): void {
    const bubble = row?.querySelector<HTMLElement>(".message-bubble");
    if (!row || !bubble) return;
    if (message.from === "patient") return;
    bubble.lang = message.from === "bot" ? this.config.spoken : "";
    link(bubble, [this.config.emergency, this.config.phone, this.config.email]);
    const under = beside(message.metadata, this.config);
    if (message.from === "bot" && message.metadata.kind === "answer") {
      const said = (words: string) => {
        this.announcer.say(words);
        if (this.shown === message.id) this.scroll(); // the choices below it stay in sight
      };
      under.push(thumbs(message, this.config.words, this.actions.rate, said));
    }
    row.querySelector(".inner-message-container")?.append(...under);
  }

  /** What can be pressed under the newest message; deep-chat takes it away when the next message comes. */
  private offer(message: Message): void {
    const { pressed, typed } = this.actions;
    const after = <Chosen>(act: (chosen: Chosen) => void) => (chosen: Chosen) => {
      act(chosen);
      this.focus();
    };
    const to = { pressed: after(pressed), typed: after((text: string) => typed(text)) };
    const found = message.from === "bot" ? offers(message, this.config, to) : [];
    if (!found.length) return;
    // deep-chat is given an empty place; what goes into it is built as elements, so that no words pass through HTML.
    this.chat.addMessage({ role: "replies", html: '<div class="deep-chat-temporary-message replies"></div>' });
    const places = this.inside().querySelectorAll(".replies");
    places[places.length - 1]?.append(...found);
  }

  private newest(role: string): HTMLElement | undefined {
    const rows = this.inside().querySelectorAll<HTMLElement>(`.deep-chat-outer-container-role-${role}`);
    return rows[rows.length - 1];
  }

  private role(message: Message): string {
    const kind = message.metadata.kind ?? "";
    if (message.from === "patient") return "user";
    return message.from === "staff" ? "staff" : DANGER.includes(kind) ? kind : "ai";
  }

  private inside(): ShadowRoot {
    return this.chat.shadowRoot as ShadowRoot;
  }

  private input(): HTMLElement | null {
    return this.inside().querySelector("#text-input");
  }

  private word(name: string): string {
    return this.config.words[name] ?? name;
  }
}

type Signals = {
  onOpen: () => void;
  newUserMessage: { listener: (body: { messages?: { text?: string }[] }) => void };
};
