// The chat inside another site's page: what it tells the widget around it, and what it hears. Nothing of the conversation
// goes out, only that it is ready, how many messages are new, and whether danger was named.
import { palette } from "./colour";
import type { Look } from "./header";

export type Told = { ready: true } | { unread: number } | { danger: string } | { close: true };

/** The wishes of the site that frames this page; a page of its own has none. */
export class Frame {
  readonly framed = window.parent !== window;
  private readonly wishes = new URLSearchParams(this.framed ? location.search : "");
  private open = this.wishes.get("open") !== "0";

  get look(): Look {
    return { clinic: this.wishes.get("clinic") ?? undefined, logo: this.wishes.get("logo") ?? undefined };
  }

  /** Whether somebody can see the chat now. */
  get seen(): boolean {
    return this.open && document.visibilityState === "visible";
  }

  /** Tell the widget; only the site that said it frames this page can hear it. */
  tell(told: Told): void {
    const site = this.wishes.get("site");
    if (this.framed && site) window.parent.postMessage({ mesoguide: told }, site);
  }

  /** Hear from the widget that the chat was opened or closed. */
  listen(changed: (open: boolean) => void): void {
    window.addEventListener("message", (event) => {
      if (!this.framed || event.source !== window.parent || typeof event.data?.mesoguide?.open !== "boolean") return;
      this.open = event.data.mesoguide.open;
      changed(this.open);
    });
  }

  /** Wear the site's colours, in the mode that is on; colours that could not be read were put right. */
  dress(): void {
    const [colour, text] = [this.wishes.get("colour") ?? "", this.wishes.get("text") ?? ""];
    if (!colour && !text) return;
    const dark = matchMedia(document.querySelector<HTMLLinkElement>("link[data-dark]")?.media || "not all");
    const wear = () => {
      const worn = palette(colour, text, dark.matches ? "dark" : "light", () => {});
      const style = document.documentElement.style;
      style.setProperty("--brand", worn.brand);
      style.setProperty("--on-brand", worn.onBrand);
      style.setProperty("--accent", worn.accent);
    };
    dark.addEventListener("change", wear);
    wear();
  }
}
