// How the button, its notes and the frame look. An adopted style sheet: no site's policy forbids it, no site's styles reach in.
import type { Palette } from "./colour";

export function style({ light, dark }: { light: Palette; dark: Palette }): string {
  return `
:host { all: initial; --brand: ${light.brand}; --on-brand: ${light.onBrand}; --accent: ${light.accent};
  --surface: #fff; --ink: #1c2b2c; --line: #d7e0df;
  color-scheme: light; direction: ltr; position: fixed; z-index: 2147483000; inset-block: auto 1rem; inset-inline: auto; right: 1rem;
  display: flex; flex-direction: column; align-items: flex-end; gap: .75rem; max-width: calc(100vw - 2rem);
  font: 1rem/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--ink); }
:host([data-theme="dark"]) { ${darkness(dark)} }
@media (prefers-color-scheme: dark) { :host([data-theme="auto"]) { ${darkness(dark)} } }
:host([data-position="left"]) { right: auto; left: 1rem; align-items: flex-start; }
[hidden] { display: none !important; }
* { box-sizing: border-box; }
button { font: inherit; cursor: pointer; }
svg { width: 1.375rem; height: 1.375rem; flex: none; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
.corner { display: flex; flex-direction: column; align-items: inherit; gap: .625rem; max-width: 100%; }
.launcher { position: relative; display: inline-flex; align-items: center; gap: .625rem; min-height: 3.25rem; max-width: 100%; padding: .75rem 1.25rem;
  border: 1px solid transparent; border-radius: 1.75rem; background: var(--brand); color: var(--on-brand); font-weight: 600; text-align: start;
  box-shadow: 0 1px 3px rgb(0 0 0 / .2), 0 8px 28px rgb(0 0 0 / .22); }
.launcher:hover .label { text-decoration: underline; text-underline-offset: .2em; }
.badge { position: absolute; inset-block-start: -.375rem; inset-inline-end: -.25rem; display: grid; place-items: center; min-width: 1.5rem; height: 1.5rem;
  padding: 0 .375rem; border: 2px solid var(--surface); border-radius: 1rem; background: #a3231b; color: #fff; font-size: .8125rem; font-weight: 700; line-height: 1; }
.panel { position: relative; width: min(26rem, calc(100vw - 2rem)); height: min(44rem, calc(100vh - 7rem)); height: min(44rem, calc(100dvh - 7rem));
  overflow: hidden; border: 1px solid var(--line); border-radius: 1.125rem; background: var(--surface); box-shadow: 0 1px 3px rgb(0 0 0 / .16), 0 16px 56px rgb(0 0 0 / .28); }
.panel[hidden] { display: block !important; visibility: hidden; position: fixed; inset-block-start: 0; pointer-events: none; }
iframe { display: block; width: 100%; height: 100%; border: 0; }
.trouble { position: absolute; inset: 0; padding: 2rem 1.5rem; background: var(--surface); }
.trouble a { display: inline-block; padding: .25rem 0; color: var(--accent); font-weight: 600; }
.alarm { display: block; padding: .75rem 1.25rem; border-radius: 1.75rem; background: #a3231b; color: #fff; font-weight: 650; box-shadow: 0 8px 28px rgb(0 0 0 / .25); }
.alarm[data-kind="urgent"] { background: #8a4b00; }
.greeting { display: flex; align-items: flex-start; max-width: min(20rem, 100%); border: 1px solid var(--line); border-radius: 1.125rem; background: var(--surface);
  box-shadow: 0 8px 28px rgb(0 0 0 / .18); }
.greeting-words { flex: 1; padding: .75rem 0; padding-inline-start: 1rem; border: 0; background: none; color: var(--ink); text-align: start; }
.greeting-close { display: grid; place-items: center; width: 2.5rem; height: 2.5rem; margin: .125rem; border: 0; border-radius: 50%; background: none; color: var(--ink); }
.greeting-close svg { width: 1.125rem; height: 1.125rem; }
:host([data-open]) :is(.greeting, .alarm) { display: none; }
@media (max-width: 30rem), (max-height: 30rem) {
  .panel:not([hidden]) { position: fixed; inset: 0; width: 100vw; height: 100vh; height: 100dvh; border: 0; border-radius: 0; }
  :host([data-open]) .corner { display: none; }
}
@media print { :host { display: none; } }
@media (prefers-reduced-motion: no-preference) { .launcher { transition: box-shadow .15s; } }
@media (forced-colors: active) { .launcher, .panel, .greeting, .alarm { border: 2px solid; } }
`;
}

function darkness(dark: Palette): string {
  return `color-scheme: dark; --brand: ${dark.brand}; --on-brand: ${dark.onBrand}; --accent: ${dark.accent}; --surface: #121c1c; --ink: #e7efee; --line: #3a4b4a;`;
}
