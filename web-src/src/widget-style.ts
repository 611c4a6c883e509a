// How the button, its notes and the frame look. An adopted style sheet: no site's policy forbids it. A site's styles reach
// the host alone and would win over what stands here for it, unless that is !important. Lengths are em, of the reader's own
// font size: rem is of the site's root.
import type { Palette } from "./colour";

export function style({ light, dark }: { light: Palette; dark: Palette }): string {
  return `
${firm(`:host { all: initial; direction: ltr; unicode-bidi: normal; ${colours(light)} --surface: #fff; --ink: #1c2b2c; --line: #d7e0df;
  color-scheme: light; position: fixed; z-index: 2147483000; inset-block: auto 1em; inset-inline: auto; right: 1em;
  display: flex; flex-direction: column; align-items: flex-end; gap: .75em; max-width: calc(100vw - 2em);
  font: medium/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--ink); }`)}
:host([data-theme="dark"]) { ${darkness(dark)} }
@media (prefers-color-scheme: dark) { :host([data-theme="auto"]) { ${darkness(dark)} } }
${firm(':host([data-position="left"]) { right: auto; left: 1em; align-items: flex-start; }')}
[hidden] { display: none !important; }
* { box-sizing: border-box; }
button { font: inherit; cursor: pointer; }
svg { width: 1.375em; height: 1.375em; flex: none; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
.corner { display: flex; flex-direction: column; align-items: inherit; gap: .625em; max-width: 100%; }
.launcher { position: relative; display: inline-flex; align-items: center; gap: .625em; min-height: 3.25em; max-width: 100%; padding: .75em 1.25em;
  border: 1px solid transparent; border-radius: 1.75em; background: var(--brand); color: var(--on-brand); font-weight: 600; text-align: start;
  box-shadow: 0 1px 3px rgb(0 0 0 / .2), 0 8px 28px rgb(0 0 0 / .22); }
.launcher:hover .label { text-decoration: underline; text-underline-offset: .2em; }
.badge { position: absolute; inset-block-start: -.46em; inset-inline-end: -.31em; display: grid; place-items: center; min-width: 1.85em; height: 1.85em;
  padding: 0 .46em; border: 2px solid var(--surface); border-radius: 1.25em; background: #a3231b; color: #fff; font-size: .8125em; font-weight: 700; line-height: 1; }
.panel { position: relative; width: min(26em, calc(100vw - 2em)); height: min(44em, calc(100vh - 7em)); height: min(44em, calc(100dvh - 7em));
  overflow: hidden; border: 1px solid var(--line); border-radius: 1.125em; background: var(--surface); box-shadow: 0 1px 3px rgb(0 0 0 / .16), 0 16px 56px rgb(0 0 0 / .28); }
.panel[hidden] { display: block !important; visibility: hidden; position: fixed; inset-block-start: 0; pointer-events: none; }
iframe { display: block; width: 100%; height: 100%; border: 0; }
.trouble { position: absolute; inset: 0; padding: 2em 1.5em; background: var(--surface); }
.trouble a { display: inline-block; padding: .25em 0; color: var(--accent); font-weight: 600; }
.alarm { display: block; padding: .75em 1.25em; border-radius: 1.75em; background: #a3231b; color: #fff; font-weight: 650; box-shadow: 0 8px 28px rgb(0 0 0 / .25); }
.alarm[data-kind="urgent"] { background: #8a4b00; }
.greeting { display: flex; align-items: flex-start; max-width: min(20em, 100%); border: 1px solid var(--line); border-radius: 1.125em; background: var(--surface);
  box-shadow: 0 8px 28px rgb(0 0 0 / .18); }
.greeting-words { flex: 1; padding: .75em 0; padding-inline-start: 1em; border: 0; background: none; color: var(--ink); text-align: start; }
.greeting-close { display: grid; place-items: center; width: 2.5em; height: 2.5em; margin: .125em; border: 0; border-radius: 50%; background: none; color: var(--ink); }
.greeting-close svg { width: 1.125em; height: 1.125em; }
:host([data-open]) :is(.greeting, .alarm) { display: none; }
@media (max-width: 30rem), (max-height: 30rem) {
  .panel:not([hidden]) { position: fixed; inset: 0; width: 100vw; height: 100vh; height: 100dvh; border: 0; border-radius: 0; }
  :host([data-open]) .corner { display: none; }
}
@media print { ${firm(":host { display: none; }")} }
@media (prefers-reduced-motion: no-preference) { .launcher { transition: box-shadow .15s; } }
@media (forced-colors: active) { .launcher, .panel, .greeting, .alarm { border: 2px solid; } }
`;
}

function darkness(dark: Palette): string {
  return firm(`color-scheme: dark; ${colours(dark)} --surface: #121c1c; --ink: #e7efee; --line: #3a4b4a;`);
}

function colours({ brand, onBrand, accent }: Palette): string {
  return `--brand: ${brand}; --on-brand: ${onBrand}; --accent: ${accent};`;
}

function firm(rules: string): string {
  return rules.replaceAll(";", " !important;");
}
