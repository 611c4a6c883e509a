// What the page hands over and what the server says; the server's side is bot/channels/shapes.py and bot/web/page.py.

export type Button = { title: string; payload: string };

export type Message = {
  id: string;
  from: "bot" | "staff" | "patient";
  text: string;
  buttons: Button[];
  metadata: { kind?: string; client_id?: string; erase?: boolean; [name: string]: unknown };
};

export type Call = { text: string; link: string };

export type Config = { clinic: string; phone: Call; emergency: Call; words: Record<string, string> };

/** A message on its way to the server. `id` stays the same however often it is sent; `shown` is how it reads. */
export type Outgoing = { id: string; shown: string } & ({ text: string } | { payload: string });
