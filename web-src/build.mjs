// Builds the browser's files into bot/web/static. They are committed, so that running the clinic needs no Node.
import { build } from "esbuild";
import { leanDeepChat } from "./lean.mjs";

const out = "../bot/web/static";
const common = { bundle: true, minify: true, target: "es2022", legalComments: "none", charset: "utf8", logLevel: "info" };

await build({ ...common, entryPoints: ["src/chat.ts"], outfile: `${out}/chat.js`, format: "iife", loader: { ".css": "text" }, plugins: [leanDeepChat] });
await build({ ...common, entryPoints: ["src/widget.ts"], outfile: `${out}/widget.js`, format: "iife" });
await build({ ...common, entryPoints: ["styles/page.css", "styles/chat.css", "styles/dark.css"], outdir: out });
