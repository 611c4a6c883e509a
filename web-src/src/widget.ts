// The chat button for any clinic site: <script src="https://…/widget.js" defer></script>. The chat itself is a page of the
// clinic's server in a frame, loaded when it is first opened: the site's styles and scripts cannot reach into it.
import { button, el, fill, icon } from "./dom";
import type { Told } from "./frame";
import { type Wishes, wishes } from "./wishes";
import { style } from "./widget-style";

export type WidgetWords = Record<string, string>;
export type WidgetConfig = { links: { call: string; emergency: string }; languages: Record<string, WidgetWords> };

/** Handed over by the server, which wraps this file (bot/web/app.py). */
declare const MESOGUIDE: WidgetConfig;

const BUBBLE = "M4 4h16a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8l-5 4v-4H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z";
const CROSS = "M6 6l12 12M18 6 6 18";
const PATIENCE = 10_000; // ms until the site says that the chat cannot be reached
const USED = "mesoguide.used"; // in the site's session: the chat was opened here, so that news of it are shown on each page
const NOTED = "mesoguide.greeted";
const HOST = "mesoguide-widget";

class Widget {
  private readonly host = el("div", { id: HOST });
  private readonly panel: HTMLElement;
  private readonly launcher: HTMLButtonElement;
  private readonly badge = el("span", { class: "badge", hidden: "" });
  private readonly alarm = el("a", { class: "alarm", hidden: "" });
  private readonly trouble: HTMLElement;
  private frame: HTMLIFrameElement | undefined;
  private unread = 0;

  constructor(
    private readonly clinic: string,
    private readonly wished: Wishes,
    private readonly words: WidgetWords,
  ) {
    this.launcher = button("", "launcher", () => this.toggle(), { "aria-expanded": "false" });
    this.trouble = el("div", { class: "trouble", hidden: "", role: "status" });
    this.panel = el("div", { class: "panel", role: "dialog", "aria-label": words.frame ?? "", hidden: "" }, this.trouble);
  }

  place(): void {
    const inside = this.host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style(this.wished.colours));
    inside.adoptedStyleSheets = [sheet];
    this.host.dataset.position = this.wished.position;
    this.host.dataset.theme = this.wished.theme;
    this.host.lang = this.wished.language;
    const corner = el("div", { class: "corner" }, this.alarm, ...this.greeting(), this.launcher);
    inside.append(this.panel, corner);
    // Not on the host: where the button stands is the site's choice, not the language's.
    for (const part of [this.panel, ...corner.children]) part.setAttribute("dir", this.words.dir ?? "ltr");
    this.label();
    document.body.append(this.host);
    window.addEventListener("message", (event) => this.hear(event));
    if (remembered(USED)) whenIdle(() => this.load(false));
  }

  private get open(): boolean {
    return !this.panel.hidden;
  }

  private toggle(): void {
    const opening = !this.open;
    if (opening) this.load(true);
    this.panel.hidden = !opening;
    this.tell();
    this.label();
    if (opening) this.frame?.focus();
    else this.launcher.focus();
  }

  /** Load the chat: when it is opened first, or hidden on the next page of a site where it was opened before. */
  private load(open: boolean): void {
    if (open) remember(USED);
    if (this.frame) return;
    const { query } = this.wished;
    this.frame = el("iframe", {
      src: `${this.clinic}/chat?${query}&site=${encodeURIComponent(location.origin)}&open=${open ? 1 : 0}`,
      title: this.words.frame ?? "",
      referrerpolicy: "no-referrer", // which page of the site a patient reads is nobody's business
    });
    this.panel.append(this.frame);
    setTimeout(() => this.frame?.dataset.ready || this.apologise(), PATIENCE);
  }

  private hear(event: MessageEvent): void {
    if (!this.frame || event.source !== this.frame.contentWindow || event.origin !== this.clinic) return;
    const told = (event.data as { mesoguide?: Partial<Record<string, unknown>> } | null)?.mesoguide as Told | undefined;
    if (!told) return;
    if ("ready" in told) this.ready();
    else if ("close" in told) this.open && this.toggle();
    else if ("danger" in told) this.warn(told.danger);
    else this.unread = Number(told.unread) || 0;
    this.label();
  }

  private ready(): void {
    if (this.frame) this.frame.dataset.ready = "1";
    this.trouble.hidden = true;
    this.tell();
    if (this.open) this.frame?.focus();
  }

  private tell(): void {
    if (this.frame?.dataset.ready) this.frame.contentWindow?.postMessage({ mesoguide: { open: this.open } }, this.clinic);
  }

  private label(): void {
    const { launcher, words, unread } = this;
    const news = unread && !this.open ? fill(words.unread ?? "", { count: String(unread) }) : "";
    this.badge.hidden = !news;
    this.badge.textContent = unread > 9 ? "9+" : String(unread);
    const label = (this.open ? words.close : this.wished.label || words.open) ?? "";
    launcher.replaceChildren(icon(this.open ? CROSS : BUBBLE), el("span", { class: "label" }, label), this.badge);
    launcher.setAttribute("aria-label", news ? `${label}, ${news}` : label);
    launcher.setAttribute("aria-expanded", String(this.open));
    this.host.toggleAttribute("data-open", this.open);
  }

  /** The way to the number to call stays on every page, also with the chat closed. */
  private warn(kind: string): void {
    const urgent = kind === "urgent";
    this.alarm.href = urgent ? MESOGUIDE.links.call : MESOGUIDE.links.emergency;
    this.alarm.textContent = (urgent ? this.words.urgent : this.words.emergency) ?? "";
    this.alarm.dataset.kind = kind;
    this.alarm.hidden = false;
  }

  private apologise(): void {
    const { words } = this;
    this.trouble.replaceChildren(
      el("p", {}, words.unreachable ?? ""),
      el("p", {}, el("a", { href: MESOGUIDE.links.call }, words.call ?? "")),
      el("p", {}, el("a", { href: MESOGUIDE.links.emergency }, words.emergency ?? "")),
    );
    this.trouble.hidden = false;
    const again = () => {
      if (!this.frame || this.frame.dataset.ready) return;
      this.frame.src = String(this.frame.src);
      setTimeout(again, PATIENCE);
    };
    again();
  }

  private greeting(): HTMLElement[] {
    const { greeting } = this.wished;
    if (!greeting || remembered(NOTED) || remembered(USED)) return [];
    const words = button(greeting, "greeting-words", () => {
      put();
      this.toggle();
    });
    const cross = button("", "greeting-close", () => put(), { "aria-label": this.words.greeting_close ?? "" });
    cross.append(icon(CROSS));
    const note = el("div", { class: "greeting" }, words, cross);
    const put = () => {
      remember(NOTED);
      note.remove();
      this.launcher.focus();
    };
    this.launcher.addEventListener("click", () => note.remove(), { once: true });
    return [note];
  }
}

function whenIdle(act: () => void): void {
  const later = () => ("requestIdleCallback" in window ? requestIdleCallback(act) : setTimeout(act, 500));
  if (document.readyState === "complete") later();
  else window.addEventListener("load", later, { once: true });
}

function remembered(name: string): boolean {
  try {
    return sessionStorage.getItem(name) !== null;
  } catch {
    return false; // a site without storage: the chat works, news are shown once it is opened
  }
}

function remember(name: string): void {
  try {
    sessionStorage.setItem(name, "1");
  } catch {
    // see above
  }
}

function begin(): void {
  const script = document.currentScript as HTMLScriptElement;
  const warn = (what: string) => console.warn(`Mesoguide widget: ${what}`);
  if (document.querySelector(`#${HOST}, script[data-mesoguide-on]`)) return warn("it is on this page already");
  script.dataset.mesoguideOn = "";
  const wished = wishes(script.dataset, Object.keys(MESOGUIDE.languages), warn);
  const widget = new Widget(new URL(script.src).origin, wished, MESOGUIDE.languages[wished.language] ?? {});
  if (document.body) widget.place();
  else document.addEventListener("DOMContentLoaded", () => widget.place());
}

begin();
