// The card of a visit, and small lines beside a message: the patient's own time, and a link that came with it.
import { el, fill } from "./dom";
import { mayLink } from "./links";
import { onClocks } from "./times";
import type { Config, Metadata } from "./types";

const TITLES: Record<string, string> = { booked: "visit_booked", cancelled: "visit_cancelled", proposed: "visit_proposed", pending: "visit_proposed" };

/** What belongs under a message's words; empty for most messages. */
export function beside(metadata: Metadata, config: Config): HTMLElement[] {
  const found: HTMLElement[] = [];
  if (metadata.kind === "confirmation" && metadata.reference) found.push(card(metadata, config));
  else if (metadata.starts_at) found.push(...ownTime(metadata.starts_at, metadata, config));
  if (metadata.author && metadata.date) found.push(taught(metadata.author, metadata.date, config));
  const link = metadata.link;
  if (link && mayLink(link.url)) {
    found.push(el("p", { class: "beside" }, el("a", { href: link.url, target: "_blank", rel: "noopener" }, link.title)));
  }
  return found;
}

/** Whose answer it is, where the clinic's people wrote it. */
function taught(author: string, date: string, config: Config): HTMLElement {
  const day = new Date(`${date}T12:00:00`).toLocaleDateString(config.language, { dateStyle: "medium" });
  return el("p", { class: "beside" }, fill(config.words.clinic_answer ?? "", { author, date: day }));
}

/** The line "04:00 your time (10:00 at the clinic)" where the patient's clock shows another time. */
function ownTime(instant: string, metadata: Metadata, config: Config): HTMLElement[] {
  const clocks = onClocks(instant, metadata.time_zone ?? config.diary.time_zone, config.language);
  if (!clocks?.own) return [];
  const words = fill(config.words.own_time ?? "", { own: clocks.own, clinic: clocks.clinicTime });
  return [el("p", { class: "beside own-time" }, words)];
}

function card(metadata: Metadata, config: Config): HTMLElement {
  const { words } = config;
  const title = words[TITLES[metadata.status ?? "proposed"] ?? "visit_past"] ?? "";
  const made = el("div", { class: "card", role: "group", "aria-label": title, "data-status": metadata.status ?? "proposed" });
  made.append(el("p", { class: "card-title" }, title), rows(metadata, config));
  const calendar = metadata.calendar;
  if (calendar?.startsWith("/calendar/")) {
    const label = metadata.status === "cancelled" ? words.update_calendar : words.add_to_calendar;
    made.append(el("a", { class: "card-link", href: calendar, download: "" }, label ?? ""));
  }
  return made;
}

function rows(metadata: Metadata, config: Config): HTMLElement {
  const { words } = config;
  const list = el("dl");
  const row = (name: "when" | "where" | "reference", ...shown: (Node | string)[]) => {
    const [term, details] = [el("dt", {}, words[name] ?? ""), el("dd", { dir: "auto" }, ...shown)];
    list.append(el("div", { class: `card-${name}` }, term, details));
  };
  const zone = metadata.time_zone ?? config.diary.time_zone;
  const clocks = metadata.starts_at ? onClocks(metadata.starts_at, zone, config.language) : undefined;
  if (clocks) {
    const length = metadata.minutes ? `, ${fill(words.minutes ?? "", { minutes: String(metadata.minutes) })}` : "";
    row("when", clocks.clinic + length, ...ownTime(metadata.starts_at ?? "", metadata, config));
  }
  row("where", config.address);
  row("reference", metadata.reference ?? "");
  return list;
}
