import { type Client, newClient } from "./running-bank.ts";

const ACCOUNTS = 60;
const AT_ONCE = 24;

/** Transfers that are sent until `stop`. */
export interface SteadyLoad {
  /** Transfers that the bank has acknowledged by now. */
  readonly acknowledged: readonly string[];
  /** Answers that were none of success. */
  readonly failures: readonly string[];
  stop(): Promise<void>;
}

/** Opens accounts with money in them and sends it round, many transfers at once. */
export async function startLoad(url: string): Promise<SteadyLoad> {
  const client = await newClient(url);
  const accounts = await Promise.all(Array.from({ length: ACCOUNTS }, () => openAccount(client)));
  const acknowledged: string[] = [];
  const failures: string[] = [];
  let [isOver, next] = [false, 0];
  const worker = async () => {
    while (!isOver) {
      const i = next++;
      const from = accounts[i % ACCOUNTS];
      const to = accounts[(i + 1 + (i % 7)) % ACCOUNTS];
      const body = { fromAccountId: from, toAccountId: to, amount: euros("0.01") };
      const response = await client.command("/v1/transfers", body);
      const answer = (await response.json()) as { transferId?: string };
      if (answer.transferId === undefined) failures.push(`${response.status}`);
      else acknowledged.push(answer.transferId);
    }
  };
  const working = Promise.all(Array.from({ length: AT_ONCE }, worker));
  return {
    acknowledged,
    failures,
    async stop() {
      isOver = true;
      await working;
    },
  };
}

async function openAccount(client: Client): Promise<string> {
  const opened = await client.command("/v1/accounts", { type: "checking", currency: "EUR" });
  const { accountId } = (await opened.json()) as { accountId: string };
  await client.command(`/v1/accounts/${accountId}/deposits`, { amount: euros("1000.00") });
  return accountId;
}

const euros = (value: string) => ({ value, currency: "EUR" });
