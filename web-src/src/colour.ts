// Colours that can be read: contrast by WCAG 2.2, and the nearest colour that has enough of it.

export type Rgb = readonly [number, number, number];
export type Mode = "light" | "dark";
export type Palette = { brand: string; onBrand: string; accent: string };

export const LEAST = 4.5; // WCAG AA for text
/** What stands behind text in the chat; the same values are in styles/tokens.css and styles/dark.css. */
const BEHIND: Record<Mode, string[]> = { light: ["#ffffff", "#eef3f2"], dark: ["#121c1c", "#1f2d2d"] };
export const BRAND: Record<Mode, string> = { light: "#14575a", dark: "#1f6f71" };

/** "#14575a" or "#abc" as numbers from 0 to 255; undefined for anything else. */
export function parse(text: string): Rgb | undefined {
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim())?.[1];
  if (!digits) return undefined;
  const whole = digits.length === 3 ? [...digits].map((c) => c + c).join("") : digits;
  return [0, 2, 4].map((at) => Number.parseInt(whole.slice(at, at + 2), 16)) as unknown as Rgb;
}

/** From 1 (the same) to 21 (black on white). */
export function contrast(one: Rgb, other: Rgb): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** The colour itself where it can be read on `behind`, else the nearest lighter or darker one that can. */
export function readable(colour: Rgb, behind: Rgb): Rgb {
  const end: Rgb = luminance(behind) > 0.18 ? [0, 0, 0] : [255, 255, 255];
  let found = colour;
  for (let part = 0; part <= 1 && contrast(found, behind) < LEAST; part += 0.02) {
    found = colour.map((value, at) => Math.round(value + ((end[at] ?? 0) - value) * part)) as unknown as Rgb;
  }
  return found;
}

/** What the chat wears in a mode. Pairs below 4.5:1 are put right; `complain` hears of each. */
export function palette(colour: string, text: string, mode: Mode, complain: (what: string) => void): Palette {
  const brand = parse(colour) ?? known(BRAND[mode]);
  if (colour && !parse(colour)) complain(`data-colour "${colour}" is no colour; write it like ${BRAND.light}`);
  const accent = BEHIND[mode].map(known).reduce(readable, parse(colour) ?? known(mode === "dark" ? "#8fd3cc" : BRAND.light));
  if (parse(colour) && hex(accent) !== hex(brand)) {
    complain(`data-colour ${hex(brand)} cannot be read as text in ${mode} mode; links and outlines use ${hex(accent)}`);
  }
  return { brand: hex(brand), onBrand: hex(onBrand(brand, text, complain)), accent: hex(accent) };
}

function onBrand(brand: Rgb, text: string, complain: (what: string) => void): Rgb {
  const [white, black, wanted] = [known("#ffffff"), known("#101c1c"), parse(text)];
  const better = contrast(white, brand) >= LEAST ? white : contrast(black, brand) >= LEAST ? black : known("#000000");
  if (text && !wanted) complain(`data-text-colour "${text}" is no colour; write it like #ffffff`);
  if (!wanted || contrast(wanted, brand) >= LEAST) return wanted ?? better;
  const ratio = contrast(wanted, brand).toFixed(2);
  complain(`data-text-colour ${hex(wanted)} on ${hex(brand)} has a contrast of ${ratio}:1, less than ${LEAST}:1; using ${hex(better)}`);
  return better;
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function hex(colour: Rgb): string {
  return `#${colour.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

function known(text: string): Rgb {
  return parse(text) as Rgb;
}
