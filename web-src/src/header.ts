// The top of the chat: who one talks to, and help, always in the same place.
import { button, el, icon } from "./dom";
import type { Config, Words } from "./types";

const CROSS = "M6 6l12 12M18 6 6 18";

export type HeaderActions = {
  person: () => void;
  booking: () => void;
  move: () => void;
  code: () => void;
  remove: () => void;
  startOver: () => void;
  close?: () => void; // only where the chat can be closed
};

export type Look = { clinic?: string; logo?: string };

export function header(config: Config, look: Look, level: "h1" | "h2", act: HeaderActions): HTMLElement {
  const { words, phone } = config;
  const title = el(level, {}, words.title ?? "");
  const subtitle = el("p", { class: "subtitle" }, look.clinic ? `${look.clinic} · ${words.subtitle}` : (words.subtitle ?? ""));
  const who = el("div", { class: "who" }, el("div", { class: "titles" }, title, subtitle));
  if (look.logo) who.prepend(logo(look.logo));
  if (act.close) who.append(closeButton(words, act.close));
  const person = button(words.person ?? "", "tool", act.person);
  const call = el("a", { class: "tool", href: phone.link, "aria-label": `${words.call} ${phone.text}` }, words.call ?? "");
  return el("header", { class: "chat-head" }, who, el("div", { class: "tools" }, person, call, menu(config, act)));
}

function logo(address: string): HTMLElement {
  const image = el("img", { class: "logo", src: address, alt: "", referrerpolicy: "no-referrer" });
  image.addEventListener("error", () => image.remove());
  return image;
}

function closeButton(words: Words, close: () => void): HTMLElement {
  const made = button("", "tool close", close, { "aria-label": words.close ?? "" });
  made.append(icon(CROSS));
  return made;
}

/** "More": a button that shows a list of buttons; Escape and a click elsewhere put it away. */
function menu(config: Config, act: HeaderActions): HTMLElement {
  const { words, messenger } = config;
  const list = el("ul", { class: "menu-list", id: "chat-menu", hidden: "" });
  const opener = button(words.menu ?? "", "tool menu-opener", () => show(list.hidden), { "aria-expanded": "false", "aria-controls": "chat-menu" });
  const show = (on: boolean) => {
    list.hidden = !on;
    opener.setAttribute("aria-expanded", String(on));
    if (on) list.querySelector("button")?.focus();
  };
  const items: [string | undefined, () => void][] = [
    [words.my_booking, act.booking],
    ...(messenger ? ([[words.move, act.move], [words.code, act.code]] as [string | undefined, () => void][]) : []),
    [words.delete_data, act.remove],
    [words.start_over, act.startOver],
  ];
  for (const [label, does] of items) {
    const item = button(label ?? "", "menu-item", () => {
      show(false);
      opener.focus();
      does();
    });
    list.append(el("li", {}, item));
  }
  const made = el("div", { class: "menu" }, opener, list);
  made.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || list.hidden) return;
    event.stopPropagation();
    show(false);
    opener.focus();
  });
  document.addEventListener("pointerdown", (event) => !made.contains(event.target as Node) && !list.hidden && show(false));
  made.addEventListener("focusout", (event) => event.relatedTarget && !made.contains(event.relatedTarget as Node) && show(false));
  return made;
}
