import { subscribeLog } from "@countinghouse/bus";
import { type Envelope, topicsOf } from "@countinghouse/contracts";
import { BankRefusedError } from "../errors.ts";
import { isOfAccount } from "../plan.ts";
import type { EventSource } from "./source.ts";

/** Events of one account that are read at once to mend it. */
const ACCOUNT_EVENTS_MAX = 1_000;
/** How long an answer that ends may take. */
const READ_TIMEOUT_MS = 30_000;
const UNAUTHORIZED = 401;
/** How the topic of account events is called in every deployment, after its prefix. */
const ACCOUNT_EVENTS = topicsOf("").accountEvents;

export interface HttpLogOptions {
  /** Of the gateway: `https://bank.example`. */
  readonly url: string;
  /**
   * Gives an access token of a user with the role `auditor`. Asked before every request, which are
   * few; with the token that was just refused, where one was.
   */
  readonly token: (refused?: string) => Promise<string> | string;
  /** Default: the first ledger only. */
  readonly ledgers?: readonly number[];
}

/** Follows the log through the gateway: `GET /v1/events?follow=true`, again when it ends. */
export function httpLog(options: HttpLogOptions): EventSource {
  const { ledgers = [1] } = options;
  const ask = createAsk(options);
  return {
    follow({ topics, store, onBatch, logger }) {
      const strange = topics.filter((topic) => !topic.endsWith(ACCOUNT_EVENTS));
      if (strange.length > 0) throw new RangeError(`not in the log: ${strange.join(", ")}`);
      return subscribeLog({
        open: (query, signal) => ask({ ...query }, signal),
        listLedgers: async () => ledgers.map((ledger) => ({ ledger })),
        store,
        onBatch: (batch) => onBatch({ ...batch, events: batch.events.filter(isOfAccount) }),
        logger,
      });
    },
    async readAccount({ accountId, ledger, after }, signal) {
      const query = { ledger, after, stream: accountId, limit: ACCOUNT_EVENTS_MAX };
      const until = AbortSignal.any([signal, AbortSignal.timeout(READ_TIMEOUT_MS)]);
      const lines = (await (await ask(query, until)).text()).split("\n");
      return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Envelope);
    },
  };
}

type Query = Readonly<Record<string, string | number | boolean>>;

/** Opens the log; a refused token is told to who gives them, for the next time. */
function createAsk({ url, token }: HttpLogOptions) {
  let refused: string | undefined;
  return async (query: Query, signal: AbortSignal): Promise<Response> => {
    const given = await token(refused);
    const address = new URL("/v1/events", url);
    for (const [name, value] of Object.entries(query)) {
      address.searchParams.set(name, String(value));
    }
    const headers = { authorization: `Bearer ${given}` };
    const response = await fetch(address, { headers, signal });
    refused = response.status === UNAUTHORIZED ? given : undefined;
    if (response.ok) return response;
    await response.body?.cancel();
    throw new BankRefusedError("a request for the log", response.status);
  };
}
