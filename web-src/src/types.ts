// What the page hands over and what the server says; the server's side is bot/channels/shapes.py and bot/web/page.py.

export type Button = { title: string; payload: string };

export type Item = { id: string; title: string; options: { title: string; answer: string }[] };

/** What the chat uses of a message's metadata; keys it does not know are ignored. */
export type Metadata = {
  kind?: string;
  asks?: string;
  client_id?: string;
  erase?: boolean;
  token?: string;
  thumb?: Thumb;
  author?: string;
  date?: string;
  checklist?: Item[];
  times?: { title: string; starts_at: string }[];
  starts_at?: string;
  time_zone?: string;
  minutes?: number;
  reference?: string;
  status?: string;
  calendar?: string;
  link?: { title: string; url: string };
};

export type Message = {
  id: string;
  from: "bot" | "staff" | "patient";
  text: string;
  buttons: Button[];
  metadata: Metadata;
};

export type Thumb = "up" | "down";

export type Call = { text: string; link: string };

export type Diary = {
  hours: [string, string][][]; // when it opens and closes, by weekday, Monday first
  closed: string[]; // dates
  step: number; // minutes
  soonest: number; // days from now
  latest: number; // days from now
  time_zone: string;
};

export type Words = Record<string, string>;

export type Config = {
  clinic: string;
  address: string;
  language: string;
  spoken: string; // the language of what the assistant says
  messenger: string; // where the clinic is in Messenger; empty when it is not
  phone: Call;
  emergency: Call;
  email: Call;
  diary: Diary;
  words: Words;
};

/** A message on its way to the server. `id` stays the same however often it is sent; `shown` is how it reads. */
export type Outgoing = { id: string; shown: string } & ({ text: string } | { payload: string });
