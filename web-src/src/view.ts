// The chat window: deep-chat draws the conversation and the text box; what it lacks stands here - the header, the way to
// the emergency number, quick replies with payloads, the state of what is being sent, and announcements.
import "deep-chat/dist/deepChat.bundle.js";
import type { DeepChat } from "deep-chat";
import shadowStyle from "../styles/shadow.css";
import { el } from "./dom";
import { pause } from "./pause";
import { showTextAsText } from "./plain";
import type { Button, Config, Message } from "./types";

export type SendState = "sending" | "waiting" | "failed" | "sent";

export type Actions = {
  typed: (text: string) => void;
  pressed: (button: Button) => void;
  person: () => void;
  startOver: () => void;
  tryNow: () => void;
};

const ROLES: Record<string, string> = { emergency: "emergency", urgent: "urgent" };
const LONGEST_TEXT = 2000;

export class View {
  private readonly chat: DeepChat = document.createElement("deep-chat");
  private readonly alarm = el("div", { class: "alarm", hidden: "" });
  private readonly status = el("p", { class: "status", role: "status" });
  private readonly spoken = el("div", { class: "spoken", "aria-live": "polite" });
  private readonly bubbles = new Map<string, HTMLElement>();
  private offered: Button[] = [];
  private isTyping = false;

  constructor(
    private readonly host: HTMLElement,
    private readonly config: Config,
    private readonly actions: Actions,
  ) {}

  /** Draw the window; resolves when messages can be shown. */
  async mount(): Promise<void> {
    showTextAsText();
    const drawn = new Promise<void>((resolve) => {
      this.configure(resolve);
    });
    this.host.replaceChildren(this.header(), this.alarm, this.chat, this.status, this.spoken);
    await drawn;
    // deep-chat draws once more when its properties were still settling, and would forget what was shown before.
    while ((this.chat as unknown as { _waitingToRender_: boolean })._waitingToRender_) await pause(5);
    this.finish();
  }

  /** Empty the window for a new conversation. */
  clear(): void {
    this.typing(false);
    this.chat.clearMessages(true);
    this.bubbles.clear();
    this.alarm.hidden = true;
  }

  /** Show a message. `spoken` reads it out; old messages are shown without. */
  show(message: Message, spoken: boolean): void {
    if (message.text) this.chat.addMessage({ role: this.role(message), text: message.text });
    this.offer(message.from === "bot" ? message.buttons : []);
    this.warn(message, spoken);
    this.scroll();
    if (spoken && message.from !== "patient") this.speak(message);
  }

  /** Show the patient's own words at once; `id` names them for `mark`. */
  own(id: string, text: string, drawn: boolean): void {
    if (!drawn) this.chat.addMessage({ role: "user", text });
    const drawnBubbles = this.inside().querySelectorAll<HTMLElement>(".deep-chat-outer-container-role-user");
    const newest = drawnBubbles[drawnBubbles.length - 1];
    if (newest) this.bubbles.set(id, newest);
  }

  /** Say under the patient's words how far they are. */
  mark(id: string, state: SendState, detail = ""): void {
    const bubble = this.bubbles.get(id);
    if (!bubble) return;
    bubble.dataset.state = state;
    bubble.querySelector(".state")?.remove();
    if (state === "sent") return;
    const line = el("div", { class: "state" }, detail || this.word(state));
    if (state === "waiting") {
      const again = el("button", { type: "button", class: "again" }, this.word("try_now"));
      again.addEventListener("click", this.actions.tryNow);
      line.append(" ", again);
    }
    bubble.append(line);
    if (state !== "sending") this.spoken.append(el("p", {}, line.firstChild?.textContent ?? ""));
  }

  typing(on: boolean): void {
    if (on === this.isTyping) return;
    this.isTyping = on;
    const bubble = this.chat.displayLoadingBubble as { toggle: (config?: { role: string }) => void };
    bubble.toggle(on ? { role: "ai" } : undefined);
  }

  say(status: string): void {
    this.status.textContent = status;
  }

  /** Put words back into the text box, so that nothing is lost. */
  giveBack(text: string): void {
    const input = this.input();
    if (!input || input.textContent) return;
    input.textContent = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Show the newest message whole, once everything around it has its place. */
  private scroll(): void {
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
      htmlClassUtilities: { "quick-reply": { events: { click: (event: Event) => this.press(event) } } },
      connect: { websocket: true, handler: (_: unknown, signals: Signals) => this.connect(signals) },
    });
  }

  /** deep-chat's "websocket" mode: a patient may write on while the bot still answers. */
  private connect(signals: Signals): void {
    signals.onOpen();
    signals.newUserMessage.listener = (body) => {
      const text = body.messages?.at(-1)?.text?.trim();
      if (text) this.actions.typed(text);
    };
  }

  private names(): object {
    const { you, bot, staff } = this.config.words;
    const named = (text = "") => ({ text });
    return {
      user: named(you),
      ai: named(bot),
      staff: named(staff),
      emergency: named(bot),
      urgent: named(bot),
      replies: named(),
    };
  }

  /** What deep-chat leaves out of the accessibility tree. */
  private finish(): void {
    const log = this.inside().querySelector("#messages");
    log?.setAttribute("role", "log");
    log?.setAttribute("aria-live", "off"); // the newest message is read out by `spoken`, old ones are not
    log?.setAttribute("aria-label", this.word("log"));
    log?.setAttribute("tabindex", "0");
    this.input()?.setAttribute("aria-multiline", "true");
    this.inside().querySelector(".input-button")?.setAttribute("aria-label", this.word("send"));
  }

  private header(): HTMLElement {
    const { words, phone } = this.config;
    const person = el("button", { type: "button", class: "tool" }, this.word("person"));
    person.addEventListener("click", this.actions.person);
    const over = el("button", { type: "button", class: "tool" }, this.word("start_over"));
    over.addEventListener("click", () => this.confirm(this.word("start_over_sure"), this.actions.startOver));
    const titles = el(
      "div",
      { class: "titles" },
      el(this.host.matches("main") ? "h1" : "h2", {}, words.title ?? ""),
      el("p", { class: "subtitle" }, words.subtitle ?? ""),
    );
    const call = el("a", { class: "tool", href: phone.link, "aria-label": `${words.call} ${phone.text}` }, words.call ?? "");
    return el("header", { class: "chat-head" }, titles, el("div", { class: "tools" }, person, call, over));
  }

  private confirm(question: string, yes: () => void): void {
    const dialog = el("dialog", { class: "sure", "aria-label": question }, el("p", {}, question));
    const form = el("form", { method: "dialog" });
    for (const answer of ["yes", "no"]) form.append(el("button", { value: answer, class: "tool" }, this.word(answer)));
    dialog.append(form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue === "yes") yes();
    });
    this.host.append(dialog);
    dialog.showModal();
  }

  /** Buttons under the newest message; deep-chat takes them away when the next message comes. */
  private offer(buttons: Button[]): void {
    this.offered = buttons;
    if (!buttons.length) return;
    // The titles are set as text afterwards: no words ever pass through HTML.
    const empty = buttons.map(() => '<button type="button" class="quick-reply"></button>').join("");
    this.chat.addMessage({ role: "replies", html: `<div class="deep-chat-temporary-message replies">${empty}</div>` });
    const drawn = this.inside().querySelectorAll<HTMLElement>(".quick-reply");
    drawn.forEach((button, number) => {
      button.textContent = buttons[number]?.title ?? "";
      button.dataset.number = String(number);
    });
    const group = drawn[0]?.parentElement;
    group?.setAttribute("role", "group");
    group?.setAttribute("aria-label", this.word("replies"));
  }

  private press(event: Event): void {
    const button = this.offered[Number((event.currentTarget as HTMLElement).dataset.number)];
    if (!button) return;
    this.actions.pressed(button);
    if (matchMedia("(hover: hover)").matches) this.chat.focusInput();
    else this.inside().querySelector<HTMLElement>("#messages")?.focus();
  }

  /** Once danger was named, the number to call stays in sight. */
  private warn(message: Message, spoken: boolean): void {
    const kind = message.metadata.kind ?? "";
    if (!ROLES[kind] || (kind === "urgent" && this.alarm.dataset.kind === "emergency")) return;
    const { emergency, phone } = this.config;
    const call = kind === "emergency" ? emergency : phone;
    this.alarm.dataset.kind = kind;
    this.alarm.replaceChildren(el("a", { href: call.link }, this.word(kind)));
    this.alarm.hidden = false;
    if (spoken) this.alarm.setAttribute("role", "alert");
  }

  private speak(message: Message): void {
    const who = message.from === "staff" ? this.word("staff") : this.word("bot");
    const choices = message.buttons.map((button) => button.title).join(", ");
    this.spoken.append(el("p", {}, `${who}: ${message.text} ${choices}`));
    while (this.spoken.childElementCount > 5) this.spoken.firstElementChild?.remove();
  }

  private role(message: Message): string {
    if (message.from === "patient") return "user";
    return message.from === "staff" ? "staff" : (ROLES[message.metadata.kind ?? ""] ?? "ai");
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
