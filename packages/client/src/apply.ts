import type { BusLogger, EventBatch } from "@countinghouse/bus";
import type { BankEvent, Catalogue, Envelope } from "@countinghouse/contracts";
import { StopAccountError } from "./errors.ts";
import { type Plan, planBatch, type Step, type StoppedAccount } from "./plan.ts";
import type { AccountProgress, Progress, SubscriberStore } from "./stores/store.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** How many events there were since the start of this process. */
export interface Counts {
  readonly applied: number;
  readonly repeated: number;
  /** Of accounts that have stopped. */
  readonly waiting: number;
}

export interface ApplierOptions<Tx> {
  readonly store: SubscriberStore<Tx>;
  readonly onEvent: (event: BankEvent, tx: Tx) => Promise<void> | void;
  readonly onUnknown?: (envelope: Envelope, tx: Tx) => Promise<void> | void;
  readonly onStopped?: (stopped: StoppedAccount) => void;
  readonly logger: BusLogger;
  readonly catalogue: Catalogue;
}

/** Hands events over and stores how far they are, in one transaction for each call. */
export interface Applier {
  take(batch: EventBatch): Promise<void>;
  /** Applies events of an account that has stopped, as if it had not; gives whether it goes on. */
  resume(accountId: string, envelopes: readonly Envelope[]): Promise<boolean>;
  counts(): Counts;
}

interface Work {
  readonly envelopes: readonly Envelope[];
  /** Accounts of records that could not be read. */
  readonly unreadable?: readonly string[];
  readonly resumed?: string;
  readonly moved?: Pick<EventBatch, "source" | "next">;
}

export function createApplier<Tx>(options: ApplierOptions<Tx>): Applier {
  const counts = { applied: 0, repeated: 0, waiting: 0 };

  /** Once more for each event that the subscriber refuses: by then its account stops there. */
  async function apply(work: Work): Promise<Plan> {
    const refused = new Map<string, string>();
    for (;;) {
      const refusals = refused.size;
      const refuse = (event: Envelope, reason: string) => refused.set(event.eventId, reason);
      try {
        const plan = await options.store.transaction((tx, progress) => {
          return applyIn({ tx, progress, refused, refuse }, work, options);
        });
        counts.applied += plan.steps.length;
        counts.repeated += plan.repeated;
        counts.waiting += plan.waiting;
        for (const stopped of plan.stopped) report(stopped, options);
        return plan;
      } catch (error) {
        if (refused.size === refusals) throw error;
      }
    }
  }

  return {
    async take({ source, events, unreadable, next }) {
      const keys = unreadable.flatMap(({ key }) =>
        key !== undefined && UUID.test(key) ? key : [],
      );
      await apply({ envelopes: events, unreadable: keys, moved: { source, next } });
    },
    async resume(accountId, envelopes) {
      return (await apply({ envelopes, resumed: accountId })).stopped.length === 0;
    },
    counts: () => ({ ...counts }),
  };
}

interface Within<Tx> {
  readonly tx: Tx;
  readonly progress: Progress;
  readonly refused: ReadonlyMap<string, string>;
  /** Notes a refusal, for which the transaction is done again. */
  readonly refuse: (envelope: Envelope, reason: string) => void;
}

async function applyIn<Tx>(
  { tx, progress, refused, refuse }: Within<Tx>,
  { envelopes, unreadable = [], resumed, moved }: Work,
  options: ApplierOptions<Tx>,
): Promise<Plan> {
  const resumedIds = resumed === undefined ? [] : [resumed];
  const ids = [...envelopes.map(({ streamId }) => streamId), ...unreadable, ...resumedIds];
  const known = new Map(ids.length === 0 ? [] : await progress.read([...new Set(ids)]));
  const freed = resumed === undefined ? undefined : known.get(resumed);
  if (resumed !== undefined && freed !== undefined) known.set(resumed, withoutStop(freed));
  const takesUnknown = options.onUnknown !== undefined;
  const { catalogue } = options;
  const planned = planBatch(envelopes, known, { refused, takesUnknown, catalogue });
  const plan = stopUnreadable(planned, unreadable, known);
  for (const step of plan.steps) await handOver(step, tx, refuse, options);
  const changes = new Map([...known].filter(([id]) => id === resumed));
  for (const [id, account] of plan.accounts) changes.set(id, account);
  if (changes.size > 0) await progress.write(changes);
  if (moved !== undefined) await progress.moveTo(moved.source, moved.next);
  return plan;
}

async function handOver<Tx>(
  step: Step,
  tx: Tx,
  refuse: Within<Tx>["refuse"],
  { onEvent, onUnknown }: ApplierOptions<Tx>,
): Promise<void> {
  try {
    if (step.kind === "event") await onEvent(step.event, tx);
    else await onUnknown?.(step.envelope, tx);
  } catch (error) {
    if (error instanceof StopAccountError) refuse(step.envelope, error.message);
    throw error;
  }
}

/** What could not be read may have been an event. An account that is new shows a gap by itself. */
function stopUnreadable(
  plan: Plan,
  unreadable: readonly string[],
  known: ReadonlyMap<string, AccountProgress>,
): Plan {
  const [accounts, stopped] = [new Map(plan.accounts), [...plan.stopped]];
  for (const accountId of unreadable) {
    const account = accounts.get(accountId) ?? known.get(accountId);
    if (account === undefined || account.stopped !== undefined) continue;
    const { ledger, version } = account;
    const detail = "a record of this account is no event";
    const stop = { accountId, ledger, version, reason: "unreadable", detail } as const;
    accounts.set(accountId, { ...account, stopped: stop });
    stopped.push(stop);
  }
  return { ...plan, accounts, stopped };
}

function withoutStop({ stopped: _, ...account }: AccountProgress): AccountProgress {
  return account;
}

function report(
  stopped: StoppedAccount,
  { logger, onStopped }: Pick<ApplierOptions<never>, "logger" | "onStopped">,
): void {
  logger.error({ ...stopped }, "an account has stopped");
  try {
    onStopped?.(stopped);
  } catch (err) {
    logger.error({ err }, "onStopped failed");
  }
}
