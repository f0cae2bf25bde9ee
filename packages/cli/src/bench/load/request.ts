import type { LoadPlan, Payer } from "./plan.ts";

const KEY_DIGITS = 12;
const CURRENCY = "EUR";
const AMOUNT = "0.01";
const BLANK_ID = "-".repeat(36);

/** The bytes of one client's requests: made once, and only ids and key written anew each time. */
export interface RequestBytes {
  /** The bytes of the next request. They stay as they are until the next call. */
  next(): Buffer;
}

/** Requests of one client: HTTP/1.1 on a kept connection, every field of a fixed width. */
export function createRequestBytes(plan: LoadPlan, payer: Payer, client: number): RequestBytes {
  const { transfers, keyPrefix } = plan;
  const body = bodyOf(transfers);
  const blankKey = "0".repeat(KEY_DIGITS);
  const prefix = `${keyPrefix}-${client}-`;
  const head = [
    `POST ${transfers === 1 ? "/v1/transfers" : "/v1/transfers/batch"} HTTP/1.1`,
    "Host: 127.0.0.1",
    `Authorization: Bearer ${payer.token}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    `Idempotency-Key: ${prefix}${blankKey}`,
    "\r\n",
  ].join("\r\n");
  const bytes = Buffer.from(head + body, "latin1");
  const keyAt = head.indexOf(prefix) + prefix.length;
  const pairsAt = inPairs(positionsOf(BLANK_ID, bytes.toString("latin1")));
  const pick = picker(plan, payer, client);
  let count = 0;
  return {
    next() {
      count += 1;
      bytes.write(String(count).padStart(KEY_DIGITS, "0"), keyAt, "latin1");
      for (const [fromAt, toAt] of pairsAt) {
        const [from, to] = pick();
        bytes.write(from, fromAt, "latin1");
        bytes.write(to, toAt, "latin1");
      }
      return bytes;
    },
  };
}

function bodyOf(transfers: number): string {
  const amount = { value: AMOUNT, currency: CURRENCY };
  const one = { fromAccountId: BLANK_ID, toAccountId: BLANK_ID, amount };
  if (transfers === 1) return JSON.stringify(one);
  return JSON.stringify({ mode: "independent", transfers: Array(transfers).fill(one) });
}

function positionsOf(part: string, text: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) {
    found.push(at);
  }
  return found;
}

function inPairs(values: readonly number[]): [number, number][] {
  return values.flatMap((value, i) => {
    const next = values[i + 1];
    return i % 2 === 0 && next !== undefined ? [[value, next]] : [];
  });
}

type Pair = readonly [from: string, to: string];

function picker({ pattern, receivers }: LoadPlan, { accounts }: Payer, client: number): () => Pair {
  const random = createRandom(client + 1);
  const [first = "", second = ""] = accounts;
  if (pattern === "ping-pong") {
    let turn = client;
    return () => {
      turn += 1;
      return turn % 2 === 0 ? [first, second] : [second, first];
    };
  }
  const pickOf = (ids: readonly string[]) => ids[Math.floor(random() * ids.length)] ?? "";
  return () => {
    const from = pattern === "hot" ? first : pickOf(accounts);
    let to = pickOf(receivers);
    while (to === from) to = pickOf(receivers);
    return [from, to];
  };
}

/** A linear congruential generator (Numerical Recipes): cheap, and the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
