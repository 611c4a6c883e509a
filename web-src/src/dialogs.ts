// Small windows over the chat: a question with yes and no, the code that takes the chat along, and a code from elsewhere.
import { el } from "./dom";
import type { Config, Words } from "./types";

/** Ask before something is done that cannot be undone. */
export function confirm(host: HTMLElement, words: Words, question: string, yes: () => void): void {
  const rows = [el("p", {}, question), ends(words, [["yes", "yes"], ["no", "no"]])];
  open(host, question, rows, (answer) => answer === "yes" && yes());
}

/** Show the code; without one, say so. */
export function showCode(host: HTMLElement, config: Config, code: string | undefined): void {
  const { words, messenger } = config;
  const rows: HTMLElement[] = code
    ? [el("p", {}, words.move_text ?? ""), el("p", { class: "code", dir: "ltr" }, code)]
    : [el("p", {}, words.move_failed ?? "")];
  const link = el("a", { href: messenger, target: "_blank", rel: "noopener noreferrer" }, "Messenger");
  if (code && messenger) rows.push(el("p", {}, link));
  open(host, words.move ?? "", [...rows, ends(words, [["back", "back"]])], () => {});
}

/** Take a code from the patient. */
export function askCode(host: HTMLElement, words: Words, take: (code: string) => void): void {
  const input = el("input", { autocomplete: "one-time-code", autocapitalize: "characters", spellcheck: "false", dir: "ltr", maxlength: "12" });
  const label = el("label", { class: "field" }, el("span", {}, words.code_label ?? ""), input);
  const rows = [el("p", {}, words.code_text ?? ""), label, ends(words, [["code_send", "yes"], ["back", "no"]])];
  open(host, words.code ?? "", rows, (answer) => answer === "yes" && input.value.trim() && take(input.value.trim()));
}

function ends(words: Words, buttons: [string, string][]): HTMLElement {
  const made = buttons.map(([word, value], at) => el("button", { value, class: at ? "plain-button" : "primary" }, words[word] ?? ""));
  return el("div", { class: "form-ends" }, ...made);
}

function open(host: HTMLElement, title: string, rows: HTMLElement[], done: (answer: string) => unknown): void {
  const dialog = el("dialog", { class: "sure", "aria-label": title }, el("form", { method: "dialog" }, ...rows));
  dialog.addEventListener("close", () => {
    dialog.remove();
    done(dialog.returnValue);
  });
  host.append(dialog);
  dialog.showModal();
}
