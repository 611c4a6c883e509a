// The HTTP of the website channel. Every failure is a Problem with the words the server gives for it.
import type { Message, Outgoing, Thumb } from "./types";

const BASE = "/webhooks/website";
const PATIENCE = 80_000; // ms; longer than the server lets a turn take

export class Problem extends Error {
  constructor(
    readonly status: number, // 0: the server could not be reached
    readonly detail: string,
    readonly retryAfter: number, // seconds; 0: the server does not say
  ) {
    super(`problem ${status}`);
  }

  /** Whether the same request may well succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export async function openSession(): Promise<string> {
  return (await ask<{ token: string }>("POST", "/session", "")).token;
}

export async function history(token: string): Promise<Message[]> {
  return (await ask<{ messages: Message[] }>("GET", "/history", token)).messages;
}

export async function send(token: string, message: Outgoing): Promise<Message[]> {
  const { shown, ...body } = message;
  return (await ask<{ messages: Message[] }>("POST", "/message", token, body)).messages;
}

/** Store a thumb; resolves to whether that worked. */
export async function rate(token: string, message_id: string, thumb: Thumb, reason?: string): Promise<boolean> {
  return ask("POST", "/feedback", token, { message_id, thumb, reason }).then(
    () => true,
    () => false,
  );
}

/** A code with which the chat goes on elsewhere; undefined when there is none to be had. */
export async function moveCode(token: string): Promise<string | undefined> {
  return ask<{ code: string }>("POST", "/move", token, {}).then(
    (answer) => answer.code,
    () => undefined,
  );
}

export function streamAddress(after: string): string {
  return `${BASE}/stream${after ? `?after=${encodeURIComponent(after)}` : ""}`;
}

export function authorised(token: string): Record<string, string> {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

export async function problemOf(answer: Response): Promise<Problem> {
  const body = await answer.json().catch(() => ({}));
  const wait = Number(answer.headers.get("Retry-After"));
  return new Problem(answer.status, String(body.detail ?? ""), Number.isFinite(wait) ? wait : 0);
}

async function ask<Answer>(method: string, path: string, token: string, body?: unknown): Promise<Answer> {
  const headers: Record<string, string> = { Accept: "application/json", ...authorised(token) };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    const sent = body === undefined ? null : JSON.stringify(body);
    answer = await fetch(BASE + path, { method, headers, body: sent, signal: AbortSignal.timeout(PATIENCE) });
    if (answer.ok) return (await answer.json()) as Answer;
  } catch {
    throw new Problem(0, "", 0);
  }
  throw await problemOf(answer);
}
