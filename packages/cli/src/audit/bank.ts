import { setTimeout as delay } from "node:timers/promises";
import type { Account, ConsistencyProof, Transaction } from "@countinghouse/contracts";
import {
  type Checkpoint,
  MalformedError,
  openCheckpoint,
  parseVerifierKey,
  SignatureError,
  type VerifierKey,
} from "@countinghouse/transparency";
import { CliError } from "../cli-error.ts";
import type { Login } from "./login.ts";

const ATTEMPTS_MAX = 10;
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [200, 60_000];
const REQUEST_TIMEOUT_MS = 60_000;
const MS_PER_SECOND = 1_000;
const PAGE_ACCOUNTS = 100;

/** What an auditor asks a bank for, over HTTP and nothing else. */
export interface Bank {
  readonly url: string;
  readonly ledger: number;
  /** The key as the bank gives it: to be compared with what one was told elsewhere. */
  key(): Promise<VerifierKey>;
  /** The newest checkpoint, its signature verified. Throws a BadCheckpointError. */
  checkpoint(key: VerifierKey): Promise<Checkpoint>;
  consistency(from: number, to: number): Promise<ConsistencyProof>;
  /** A tile of hashes; undefined where the bank has none. */
  tile(path: string): Promise<Buffer | undefined>;
  /** At most `limit` lines of the log after a position, in its order. */
  events(query: LogQuery): Promise<string[]>;
  /** All accounts that the bank shows, page by page. */
  accounts(): AsyncGenerator<Account>;
  /** One account; undefined where the bank shows none. */
  account(accountId: string): Promise<Account | undefined>;
  /** The history of an account, newest first. */
  transactions(accountId: string): AsyncGenerator<Transaction>;
}

export interface LogQuery {
  readonly after: number;
  readonly limit: number;
  readonly stream?: string;
}

/** The bank gives out a checkpoint that its key has not signed. */
export class BadCheckpointError extends CliError {}

/** `attempts`: how often to ask before giving up. */
export function createBank(
  { url, ledger, login }: { url: string; ledger: number; login: Login },
  attempts = ATTEMPTS_MAX,
): Bank {
  const get = getter(url, login, attempts);
  const found = async (path: string, query: object) => {
    const response = await get(path, query);
    if (response.status === 404) throw new CliError(`The bank at ${url} has no ledger ${ledger}.`);
    return response;
  };
  async function* pages<T>(path: string): AsyncGenerator<T> {
    let cursor: string | null = null;
    do {
      const query = { limit: PAGE_ACCOUNTS, ...(cursor !== null && { cursor }) };
      const response = await get(path, query);
      if (response.status === 404) return;
      const page = (await response.json()) as { items: T[]; nextCursor: string | null };
      yield* page.items;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }
  return {
    ...{ url, ledger },
    async key() {
      const text = await (await found("/v1/audit/key", { ledger })).text();
      return named(url, () => parseVerifierKey(text.trimEnd()));
    },
    async checkpoint(key) {
      const note = await (await found("/v1/audit/checkpoint", { ledger })).text();
      return named(url, () => openCheckpoint(note, [key]));
    },
    async consistency(from, to) {
      const response = await found("/v1/audit/proofs/consistency", { from, to, ledger });
      return (await response.json()) as ConsistencyProof;
    },
    async tile(path) {
      const response = await get(`/v1/audit/${path}`, { ledger });
      return response.status === 404 ? undefined : Buffer.from(await response.arrayBuffer());
    },
    async events(query) {
      const response = await found("/v1/events", { ledger, ...query });
      return (await response.text()).split("\n").slice(0, -1);
    },
    accounts: () => pages<Account>("/v1/accounts"),
    async account(accountId) {
      const response = await get(`/v1/accounts/${accountId}`, {});
      return response.status === 404 ? undefined : ((await response.json()) as Account);
    },
    transactions: (accountId) => pages<Transaction>(`/v1/accounts/${accountId}/transactions`),
  };
}

type Get = (path: string, query: object) => Promise<Response>;

/** Asks again where that may help; every other refusal is one sentence. */
function getter(url: string, login: Login, attempts: number): Get {
  return async (path, query) => {
    const target = new URL(path, url);
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, String(value));
    let pauseMs = FIRST_PAUSE_MS;
    let isRenewed = false;
    for (let attempt = 1; ; attempt += 1) {
      const response = await ask(target, await login.token());
      if (response?.ok || response?.status === 404) return response;
      if (response?.status === 401 && !isRenewed) {
        isRenewed = true;
        await login.renew();
        continue;
      }
      const isPassing = response === undefined || [429, 502, 503].includes(response.status);
      if (!isPassing) throw new CliError(await sentenceOf(url, response));
      if (attempt >= attempts) throw new CliError(`The bank at ${url} does not answer.`);
      const wished = Number(response?.headers.get("retry-after") ?? 0) * MS_PER_SECOND;
      await delay(Math.min(Math.max(wished, pauseMs), LONGEST_PAUSE_MS));
      pauseMs *= 2;
    }
  };
}

/** The whole answer, so that one that breaks off is asked for again; undefined for none. */
async function ask(target: URL, token: string | undefined): Promise<Response | undefined> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await fetch(target, { headers, signal });
    const bytes = await response.arrayBuffer();
    return new Response(bytes, { status: response.status, headers: response.headers });
  } catch {
    return undefined;
  }
}

async function sentenceOf(url: string, response: Response): Promise<string> {
  if (response.status === 401) return `The bank at ${url} wants the login of an auditor.`;
  if (response.status === 403) return "This login may not read the log; it needs the role auditor.";
  const { detail } = (await response.json().catch(() => ({}))) as { detail?: string };
  return `The bank at ${url} refused (${response.status}): ${detail ?? "no reason given"}`;
}

function named<T>(url: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof MalformedError || cause instanceof SignatureError)) throw cause;
    const reason = cause instanceof SignatureError ? "is not signed by its key" : "is malformed";
    throw new BadCheckpointError(`The checkpoint or key of ${url} ${reason}.`, { cause });
  }
}
