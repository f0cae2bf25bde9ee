import { randomUUID } from "node:crypto";
import type { Transaction } from "@countinghouse/contracts";

export interface SentEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Transaction & { readonly reason?: string };
}

/** An open stream of server-sent events, read by rules of its own. */
export interface OpenStream {
  readonly status: number;
  readonly headers: Headers;
  /** The next event; undefined when the stream has ended. Comments are passed over. */
  next(): Promise<SentEvent | undefined>;
  /** How many comments came. */
  readonly comments: number;
  hangUp(): void;
}

export async function openStream(
  url: string,
  authorization: string,
  lastEventId?: string,
): Promise<OpenStream> {
  const hangUp = new AbortController();
  const response = await fetch(url, {
    headers: {
      authorization,
      "x-request-id": randomUUID(),
      ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
    },
    signal: hangUp.signal,
  });
  const counted = { comments: 0 };
  const events = eventsOf(response, counted);
  return {
    status: response.status,
    headers: response.headers,
    next: async () => (await events.next()).value,
    get comments() {
      return counted.comments;
    },
    hangUp: () => hangUp.abort(),
  };
}

async function* eventsOf(
  { body }: Response,
  counted: { comments: number },
): AsyncGenerator<SentEvent, undefined> {
  let rest = "";
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n").map((line) => /^(\w*): ?(.*)$/.exec(line) ?? [line, "", ""]);
      const fields = new Map(lines.map(([, name = "", value = ""]) => [name, value]));
      const data = fields.get("data");
      if (block === ":") counted.comments += 1;
      if (data === undefined) continue;
      yield { id: fields.get("id"), event: fields.get("event"), data: JSON.parse(data) };
    }
  }
  return undefined;
}
