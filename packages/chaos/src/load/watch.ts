import { setTimeout as delay } from "node:timers/promises";
import { ask, type Customer } from "./customer.ts";

const EVERY_MS = 1_000;
/** A session is revoked once in so many rounds, up to so many. */
const [REVOKED_EVERY, REVOKED_MAX] = [5, 200];

/** A look at what must hold at every moment, as long as faults go on. */
export interface Watch {
  /** Every checkpoint that was given out, in the order of asking. */
  readonly checkpoints: readonly string[];
  /** Revoked sessions that were let in. */
  readonly letIn: string[];
  readonly revoked: number;
  stop(): Promise<void>;
}

/** Collects checkpoints; revokes sessions and tries them again. */
export function startWatch(url: string, customer: Customer, random: () => number): Watch {
  const [checkpoints, letIn, revoked]: [string[], string[], string[]] = [[], [], []];
  let isOver = false;
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  async function revoke(): Promise<void> {
    const token = await customer.logIn();
    if (token === undefined) return;
    const answer = await ask(url, "POST", "/v1/auth/logout", bearer(token));
    if (answer?.status === 204) revoked.push(token);
  }

  async function tryOne(): Promise<void> {
    const token = revoked[Math.floor(random() * revoked.length)];
    if (token === undefined) return;
    const answer = await ask(url, "GET", "/v1/accounts", bearer(token));
    if (answer !== undefined && answer.status < 300) letIn.push(`status ${answer.status}`);
  }

  async function run(): Promise<void> {
    for (let round = 0; !isOver; round += 1) {
      const note = await ask(url, "GET", "/v1/audit/checkpoint", {});
      if (note?.status === 200) checkpoints.push(note.text);
      if (round % REVOKED_EVERY === 0 && revoked.length < REVOKED_MAX) await revoke();
      await tryOne();
      await delay(EVERY_MS);
    }
  }

  const running = run();
  return {
    ...{ checkpoints, letIn },
    get revoked() {
      return revoked.length;
    },
    async stop() {
      isOver = true;
      await running;
    },
  };
}
