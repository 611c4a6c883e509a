// Thumbs under an answer. One down asks why; what is answered goes to the clinic's desk.
import { button, el, icon } from "./dom";
import type { Message, Thumb, Words } from "./types";

const UP = "M2 10h4v11H2zM8 21V10l4-8c1.700 0 2.600 1.300 2.300 3l-.8 4H20a2 2 0 0 1 2 2.400l-1.500 8a2 2 0 0 1-2 1.600z";
const REASONS = ["why_off", "why_hard", "why_false", "why_other"];

/** Store a thumb; resolves to whether that worked. */
export type Rate = (message: string, thumb: Thumb, reason?: string) => Promise<boolean>;
export type Announce = (words: string) => void;

export function thumbs(message: Message, words: Words, rate: Rate, announce: Announce): HTMLElement {
  const row = el("div", { class: "thumbs", role: "group", "aria-label": words.rate ?? "" });
  const why = el("div", { class: "why", role: "group", "aria-label": words.why ?? "", hidden: "" });
  const buttons = (["up", "down"] as const).map((thumb) => {
    const made = button("", `thumb thumb-${thumb}`, () => void give(thumb), { "aria-label": words[`thumb_${thumb}`] ?? "" });
    made.append(icon(UP));
    made.title = words[`thumb_${thumb}`] ?? "";
    return [thumb, made] as const;
  });
  const mark = (given?: Thumb) => buttons.forEach(([thumb, made]) => made.setAttribute("aria-pressed", String(thumb === given)));
  const thank = (said = "") => {
    why.replaceChildren(el("p", {}, said));
    announce(said);
  };
  const give = async (thumb: Thumb) => {
    const before = buttons.find(([, made]) => made.ariaPressed === "true")?.[0];
    mark(thumb);
    if (!(await rate(message.id, thumb))) return mark(before);
    why.hidden = false;
    if (thumb === "up") return thank(words.up_thanks);
    why.replaceChildren(el("p", {}, words.why ?? ""), ...REASONS.map((reason) => button(words[reason] ?? "", "why-reason", () => void tell(reason))));
    announce(words.why ?? "");
    why.querySelector("button")?.focus();
  };
  const tell = async (reason: string) => {
    if (await rate(message.id, "down", words[reason])) thank(words.why_thanks);
    buttons[1]?.[1].focus();
  };
  mark(message.metadata.thumb);
  row.append(...buttons.map(([, made]) => made), why);
  return row;
}
