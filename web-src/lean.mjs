// deep-chat ships as one file with a client for every AI provider, a Markdown renderer, camera and microphone. This chat
// uses none of them. Here the parts that are never reached are put out of the way, so that Rollup can see what nothing
// needs any more. Each cut names a text that only its part contains; the build fails when a new deep-chat no longer has it.
import { readFile } from "node:fs/promises";
import { rollup } from "rollup";
import { parseAst } from "rollup/parseAst";

const BARE = "class{}";
/** [a text inside the smallest class or constant that has it, what stands there instead] */
const CUTS = [
  // Its renderer is replaced by plain.ts, through the hook that deep-chat offers.
  ["remarkable_plugins", "class{static createNew(){const made={};for(const{plugin}of window.remarkable_plugins)plugin(made);return made}}"],
  ["MODULE_SEARCH_LIMIT_S", BARE], // models that run in the browser
  ["model_list", "{}"],
  ["changeToUnsupported", BARE], // speech to text: the button, and the library
  ["isWebSpeechSupported", BARE],
  ["modal-camera-content", BARE],
  ["getUserMedia", BARE], // recording sound
  ["insert-key-input-invalid-text", BARE], // asking the visitor for a provider's key
];
/** Which provider to ask: only a handler of our own, never one of theirs. */
const CHOICE = /static create\(t\)\{const\{directConnection:e,connect:s,demo:i,webModel:n\}=t;.*?(?=return s&&Object\.keys\(s\)\.length>0)/s;

/** An esbuild plugin: imports of deep-chat get the lean one. */
export const leanDeepChat = {
  name: "lean-deep-chat",
  setup(build) {
    build.onLoad({ filter: /deepChat\.bundle\.js$/ }, async ({ path }) => ({ contents: await lean(path), loader: "js" }));
  },
};

async function lean(path) {
  const whole = await readFile(path, "utf8");
  if (!CHOICE.test(whole)) throw new Error("deep-chat no longer chooses its provider where lean.mjs expects it");
  const source = cut(whole.replace(CHOICE, "static create(t){const{connect:s,demo:i}=t;"));
  const bundle = await rollup({
    input: path,
    treeshake: "smallest",
    plugins: [{ name: "source", load: () => source }],
    onwarn: () => {},
  });
  const { output } = await bundle.generate({ format: "es" });
  return output[0].code;
}

function cut(source) {
  const { body } = parseAst(source);
  const parts = definitions(body);
  const edits = CUTS.flatMap(([text, instead]) => replaced(parts, source, text, instead));
  edits.push(...staticsInside(body, parts, edits, source));
  edits.sort((one, other) => other.start - one.start || other.end - one.end);
  return edits.reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), source);
}

/** The top-level classes and constants by name. */
function definitions(body) {
  const found = new Map();
  for (const node of body) {
    if (node.type === "ClassDeclaration") found.set(node.id.name, node);
    for (const one of node.declarations ?? []) if (one.init && one.id.type === "Identifier") found.set(one.id.name, one.init);
  }
  return found;
}

function replaced(parts, source, text, instead) {
  const holders = [...parts].filter(([, node]) => source.slice(node.start, node.end).includes(text));
  const [name, node] = holders.sort(([, one], [, other]) => one.end - one.start - (other.end - other.start))[0] ?? [];
  if (!node) throw new Error(`deep-chat has no part with "${text}" any more; see lean.mjs`);
  const whole = node.type === "ClassDeclaration" ? instead.replace("class", `class ${name}`) : instead;
  return [{ start: node.start, end: node.end, text: whole, node }];
}

/** `X.LIMIT = 5` after a class keeps it alive for ever; inside it, as a static field, it goes with the class. */
function staticsInside(body, parts, edits, source) {
  const gone = new Set(edits.map((edit) => edit.node));
  const moved = [];
  for (const node of body) {
    const assigned = node.expression?.type === "SequenceExpression" ? node.expression.expressions : [node.expression];
    if (!assigned.every((one) => ofClass(one, parts))) continue;
    moved.push({ start: node.start, end: node.end, text: "" });
    for (const { left, right } of assigned) {
      const owner = parts.get(left.object.name);
      const end = owner.body.end - 1;
      const field = `;static ${left.property.name}=${source.slice(right.start, right.end)}`;
      if (!gone.has(owner)) moved.push({ start: end, end, text: field });
    }
  }
  return moved;
}

function ofClass(node, parts) {
  if (node?.type !== "AssignmentExpression" || node.left.type !== "MemberExpression" || node.left.computed) return false;
  return /^Class/.test(parts.get(node.left.object.name)?.type ?? "");
}
