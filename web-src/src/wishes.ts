// What a clinic's site wishes of the widget, from the attributes of its script tag. A wish that cannot be granted is put
// right, and the console says how: a typo must not take the chat away from patients.
import { type Palette, palette } from "./colour";

export type Wishes = {
  language: string;
  position: string;
  theme: string;
  greeting: string;
  label: string;
  colours: { light: Palette; dark: Palette };
  query: string; // what the chat in the frame is told
};

const LONGEST = { clinic: 60, greeting: 140, label: 40 };

export function wishes(data: DOMStringMap, languages: string[], warn: (what: string) => void): Wishes {
  const one = (name: string, allowed: string[]) => choice(name, data[name], allowed, warn);
  const short = (name: keyof typeof LONGEST) => (data[name] ?? "").trim().slice(0, LONGEST[name]);
  const [colour, text] = [data.colour ?? data.color ?? "", data.textColour ?? data.textColor ?? ""];
  const colours = { light: palette(colour, text, "light", warn), dark: palette(colour, text, "dark", () => {}) };
  const found = {
    language: one("language", [...languages.filter((code) => code === "en"), ...languages.filter((code) => code !== "en")]),
    position: one("position", ["right", "left"]),
    theme: one("theme", ["auto", "light", "dark"]),
  };
  const told = {
    lang: found.language,
    theme: found.theme,
    clinic: short("clinic"),
    logo: logo(data.logo, warn),
    colour: colour ? colours.light.brand : "",
    text: text ? colours.light.onBrand : "",
  };
  const query = new URLSearchParams(Object.entries(told).filter(([, value]) => value)).toString();
  return { ...found, greeting: short("greeting"), label: short("label"), colours, query };
}

function choice(name: string, wanted: string | undefined, allowed: string[], warn: (what: string) => void): string {
  const value = wanted?.trim().toLowerCase();
  if (value && !allowed.includes(value)) warn(`data-${name} "${wanted}" is none of ${allowed.join(", ")}; using ${allowed[0]}`);
  return value && allowed.includes(value) ? value : (allowed[0] ?? "");
}

/** The logo's whole address; the chat's own policy lets it come from the site itself (MESOGUIDE_EMBED_ORIGINS). */
function logo(address: string | undefined, warn: (what: string) => void): string {
  if (!address) return "";
  try {
    const url = new URL(address, document.baseURI);
    if (url.origin === location.origin) return url.href;
  } catch {
    // said below
  }
  warn(`data-logo "${address}" is not on this site (${location.origin}); no logo is shown`);
  return "";
}
