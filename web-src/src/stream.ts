// What arrives later: server-sent events over fetch (EventSource cannot send a token), opened again whenever they end.
import { createParser } from "eventsource-parser";
import { authorised, streamAddress } from "./api";
import { pause } from "./pause";
import type { Message } from "./types";

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
const SILENCE = 40_000; // the server sends a sign of life every 15 s; after this long the line is dead

export type Listener = { last: () => string; heard: (message: Message) => void; back: () => void; ended: () => void };

/** Listen until `stop` is aborted. `back` is called when the line is open again, `ended` when the chat is closed. */
export async function listen(token: string, listener: Listener, stop: AbortSignal): Promise<void> {
  let wait = FIRST_WAIT;
  while (!stop.aborted) {
    const began = Date.now();
    const status = await once(token, listener, stop);
    if (status === 401 && !stop.aborted) return listener.ended();
    wait = Date.now() - began > LONGEST_WAIT ? FIRST_WAIT : Math.min(wait * 2, LONGEST_WAIT);
    await pause(wait, stop);
  }
}

async function once(token: string, listener: Listener, stop: AbortSignal): Promise<number> {
  const line = new AbortController();
  const hangUp = () => line.abort();
  stop.addEventListener("abort", hangUp, { once: true });
  let dead = setTimeout(hangUp, SILENCE);
  try {
    const answer = await fetch(streamAddress(listener.last()), { headers: authorised(token), signal: line.signal });
    if (!answer.ok || !answer.body) return answer.status;
    listener.back();
    const parser = createParser({ onEvent: (event) => listener.heard(JSON.parse(event.data) as Message) });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(dead);
      dead = setTimeout(hangUp, SILENCE);
      parser.feed(part.value);
    }
    return 200;
  } catch {
    return 0;
  } finally {
    clearTimeout(dead);
    stop.removeEventListener("abort", hangUp);
  }
}
