// What a patient may press under the newest message: quick replies, the check on one page, a day and time.
import { button, el, fill } from "./dom";
import { dateIn, onClocks, starts, weekday } from "./times";
import type { Button, Config, Item, Message } from "./types";

export type Answering = { pressed: (button: Button) => void; typed: (text: string) => void };

const TIMED = ["when", "move"]; // what `asks` says where a day and time are wanted

/** Everything there is to press for a message; nothing for most. `to` hears what was chosen. */
export function offers(message: Message, config: Config, to: Answering): HTMLElement[] {
  const { words } = config;
  const group = el("div", { class: "choices", role: "group", "aria-label": words.replies ?? "" });
  group.append(...message.buttons.map((one) => reply(one, message, config, to)));
  const { checklist, asks, kind } = message.metadata;
  if (checklist?.length) opening(group, words.checklist_open, (back) => checklistForm(checklist, config, to, back));
  if (kind === "question" && TIMED.includes(asks ?? "")) opening(group, words.picker_open, (back) => picker(config, to, back));
  return group.childElementCount ? [group] : [];
}

function reply(one: Button, message: Message, config: Config, to: Answering): HTMLElement {
  const made = button("", "quick-reply", () => to.pressed(one));
  made.append(el("span", { dir: "auto", lang: config.spoken }, one.title));
  const time = message.metadata.times?.find((offer) => offer.title === one.title);
  const own = time && onClocks(time.starts_at, message.metadata.time_zone ?? config.diary.time_zone, config.language)?.own;
  if (own) made.append(el("span", { class: "own-time" }, fill(config.words.own_short ?? "", { own })));
  return made;
}

/** A button that opens a form in place of the choices; its "back" brings them again. */
function opening(group: HTMLElement, label = "", build: (back: () => void) => HTMLElement): void {
  const open = button(label, "quick-reply opener", () => {
    const form = build(() => {
      form.replaceWith(group);
      open.focus();
    });
    group.replaceWith(form);
    form.querySelector<HTMLElement>("input, select")?.focus();
    form.scrollIntoView({ block: "nearest" });
  });
  group.append(open);
}

function form(title: string, config: Config, back: () => void, send: string, ...rows: Node[]): HTMLFormElement {
  const ends = el("div", { class: "form-ends" }, el("button", { class: "primary" }, send), button(config.words.back ?? "", "plain-button", back));
  return el("form", { class: "form", "aria-label": title }, el("p", { class: "form-title" }, title), ...rows, ends);
}

function checklistForm(items: Item[], config: Config, to: Answering, back: () => void): HTMLElement {
  const { words } = config;
  const hint = el("p", { class: "hint" }, words.checklist_hint ?? "");
  const made = form(words.checklist_title ?? "", config, back, words.checklist_send ?? "", hint, ...items.map((item) => question(item, config)));
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = new FormData(made);
    const answered = items.filter((item) => given.get(item.id));
    if (!answered.length) return made.querySelector("input")?.focus();
    const answer = answered.map((item) => `${item.id}=${given.get(item.id)}`).join(" ");
    const title = (item: Item) => item.options.find((option) => option.answer === given.get(item.id))?.title;
    const shown = answered.map((item) => `${item.title} ${title(item)}`).join("\n");
    to.pressed({ title: shown, payload: `/inform${JSON.stringify({ question: "checklist", answer })}` });
  });
  return made;
}

function question(item: Item, config: Config): HTMLElement {
  const options = item.options.map((option) =>
    el("label", { class: "option" }, el("input", { type: "radio", name: item.id, value: option.answer }), el("span", {}, option.title)),
  );
  return el("fieldset", { lang: config.spoken, dir: "auto" }, el("legend", {}, item.title), el("div", { class: "options" }, ...options));
}

function picker(config: Config, to: Answering, back: () => void): HTMLElement {
  const { words, diary } = config;
  const [min, max] = [dateIn(diary.soonest, diary.time_zone), dateIn(diary.latest, diary.time_zone)];
  const day = el("input", { type: "date", required: "", min, max });
  const time = el("select", { required: "" });
  const closed = el("p", { class: "hint", role: "status" });
  const offer = () => {
    const open = diary.closed.includes(day.value) ? [] : (diary.hours[weekday(day.value)] ?? []);
    const times = open.flatMap((period) => starts(period, diary.step));
    time.replaceChildren(...times.map((at) => el("option", {}, at)));
    time.disabled = !times.length;
    closed.textContent = day.value && !times.length ? (words.picker_closed ?? "") : "";
  };
  day.addEventListener("input", offer);
  offer();
  const fields = el("div", { class: "fields" }, labelled("day", words.picker_day, day), labelled("time", words.picker_time, time));
  const made = form(words.picker_open ?? "", config, back, words.picker_send ?? "", fields, closed);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    if (time.value) to.typed(`${spoken(day.value, config.spoken)} at ${time.value}`);
  });
  return made;
}

function labelled(name: string, label = "", field: HTMLElement): HTMLElement {
  field.id = `picker-${name}`;
  return el("div", { class: "field" }, el("label", { for: field.id }, label), field);
}

/** A date as the assistant reads it: "Thursday 3 December 2026". */
function spoken(date: string, language: string): string {
  const options = { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" } as const;
  return new Intl.DateTimeFormat(`${language}-GB`, options).format(new Date(`${date}T00:00:00Z`)).replace(",", "");
}
