// Times on two clocks: the clinic's, and the patient's own where it differs at that moment.

const DAY: Intl.DateTimeFormatOptions = { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" };
const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };

export type Clocks = { clinic: string; clinicTime: string; own: string }; // `own` is empty where both clocks agree

/** An instant in words on the clinic's clock and on the patient's; undefined for what is no instant or no zone. */
export function onClocks(instant: string, zone: string, language: string): Clocks | undefined {
  const at = new Date(instant);
  try {
    const say = (options: Intl.DateTimeFormatOptions, timeZone?: string) =>
      new Intl.DateTimeFormat(variety(language), { ...options, hourCycle: "h23", timeZone }).format(at);
    const [clinic, whole, clinicTime] = [say(DAY, zone), say(DAY), say(CLOCK, zone)];
    const sameDay = say({ dateStyle: "short" }) === say({ dateStyle: "short" }, zone);
    return { clinic, clinicTime, own: whole === clinic ? "" : sameDay ? say(CLOCK) : whole };
  } catch {
    return undefined;
  }
}

/** The reader's own variety of a language: who reads English in Britain reads the day before the month. */
function variety(language: string): string {
  return navigator.languages.find((one) => one.split("-")[0] === language) ?? language;
}

/** The calendar date ("2026-12-03") so many days from now on a zone's clock. */
export function dateIn(days: number, zone: string): string {
  const at = new Date(Date.now() + days * 86_400_000);
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
}

/** 0 for a Monday, 6 for a Sunday. */
export function weekday(date: string): number {
  return (new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7;
}

/** Every start between opening and closing, `step` minutes apart. */
export function starts([opens, closes]: [string, string], step: number): string[] {
  const found: string[] = [];
  for (let at = minutes(opens); at + step <= minutes(closes); at += step) {
    found.push(`${String(Math.floor(at / 60)).padStart(2, "0")}:${String(at % 60).padStart(2, "0")}`);
  }
  return found;
}

function minutes(clock: string): number {
  const [hours = 0, rest = 0] = clock.split(":").map(Number);
  return hours * 60 + rest;
}
