// The chat component renders every text as Markdown. A patient's or a person's words are shown as they are instead:
// this replaces its renderer through the hook it offers for Remarkable plug-ins.

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function plain(text: string): string {
  return `<p dir="auto">${text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c).replace(/\n/g, "<br>")}</p>`;
}

type Renderer = { render: (text: string) => string };

export function showTextAsText(): void {
  const plugin = (renderer: Renderer) => {
    renderer.render = plain;
  };
  Object.assign(window, { remarkable_plugins: [{ plugin }] });
}
