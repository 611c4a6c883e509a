// The chat button for any clinic site: <script src="https://…/widget.js" defer></script>. The chat itself is a page of the
// clinic's server in a frame, loaded when it is first opened: the site's styles and scripts cannot reach into it.

const script = document.currentScript as HTMLScriptElement;
const clinic = new URL(script.src).origin;
const LABELS = { open: script.dataset.open ?? "Ask the clinic", close: script.dataset.close ?? "Close the chat" };

const STYLE = `
  :host { all: initial; position: fixed; z-index: 2147483000; inset: auto 1rem 1rem auto; font: 16px/1.4 system-ui, sans-serif; }
  button { font: inherit; font-weight: 600; color: #fff; background: #14575a; border: 0; border-radius: 2rem;
    padding: .8rem 1.25rem; min-height: 44px; box-shadow: 0 6px 24px rgb(16 42 44 / .25); cursor: pointer; }
  button:hover { background: #0f4547; }
  button:focus-visible { outline: 3px solid #14575a; outline-offset: 3px; }
  iframe { display: block; border: 0; border-radius: 1rem; width: min(26rem, calc(100vw - 2rem));
    height: min(42rem, calc(100vh - 6rem)); margin-bottom: .75rem; background: #fff; box-shadow: 0 12px 48px rgb(16 42 44 / .3); }
  iframe[hidden] { display: none; }
`;

function place(): void {
  const host = document.createElement("mesoguide-widget");
  const inside = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  inside.adoptedStyleSheets = [sheet];
  const button = document.createElement("button");
  button.type = "button";
  inside.append(button);
  let frame: HTMLIFrameElement | undefined;
  const label = () => {
    const open = !!frame && !frame.hidden;
    button.textContent = open ? LABELS.close : LABELS.open;
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => {
    if (frame) frame.hidden = !frame.hidden;
    else {
      frame = document.createElement("iframe");
      frame.src = `${clinic}/chat`;
      frame.title = LABELS.open;
      inside.prepend(frame);
    }
    label();
  });
  label();
  document.body.append(host);
}

if (document.body) place();
else document.addEventListener("DOMContentLoaded", place);
