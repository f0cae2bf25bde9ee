import { setTimeout as delay } from "node:timers/promises";
import { Findings, type Violation } from "../checks/findings.ts";
import type { Outcome } from "../checks/orders.ts";
import type { Fault } from "../faults/fault.ts";
import type { Load } from "../load/load.ts";
import { checkAll } from "./check.ts";
import type { Session } from "./session.ts";

/** The load before a fault and after it, alone. */
const [BEFORE_MS, AFTER_MS] = [1_500, 1_000];
/** The bank has this long to be whole again; how long it takes is looked at for longer. */
const [RECOVERY_MAX_MS, PATIENCE_MS] = [30_000, 90_000];

/** What came of one fault, or of a schedule of them. */
export interface Result extends Outcome {
  readonly fault: string;
  readonly what: string;
  /** Commands acknowledged while it lasted, a second. */
  readonly perSecond: number;
  readonly acknowledged: number;
  readonly recoveryMs: number;
  /** What of the full service came last. */
  readonly waitedFor: string | undefined;
  readonly violations: readonly Violation[];
}

/** Breaks the bank in one way under load, mends it, and checks all that has to hold. */
export async function runFault(
  session: Session,
  fault: Fault,
  random: () => number,
): Promise<Result> {
  const { load } = session;
  const found = new Findings();
  const before = snapshot(load);
  load.begin();
  await delay(BEFORE_MS);
  const refused = snapshot(load).unanswered - before.unanswered;
  if (refused > 0) found.add("quiet", `${refused} requests had no answer before ${fault.name}`);
  const came = await breakAndMend(session, fault, fault.holdMs, random, found);
  await delay(AFTER_MS);
  const outcome = await rest(session, found);
  return {
    ...{ fault: fault.name, what: fault.what, ...came, ...outcome },
    acknowledged: load.seen.acknowledged - before.acknowledged,
    violations: found.all,
  };
}

/** One fault under a load that has begun, until the full service is there again. */
export async function breakAndMend(
  session: Session,
  fault: Fault,
  holdMs: number,
  random: () => number,
  found: Findings,
): Promise<Pick<Result, "perSecond" | "recoveryMs" | "waitedFor">> {
  const { bank, load, probe } = session;
  const began = performance.now();
  const atBegin = snapshot(load);
  const mend = await fault.begin(bank, random);
  await delay(holdMs / 2);
  const halfWay = snapshot(load);
  await delay(holdMs / 2);
  const atEnd = snapshot(load);
  const seconds = (performance.now() - began) / 1_000;
  checkGoesOn(fault, halfWay, atEnd, found);
  await mend();
  const { ms, missing, waitedFor } = await probe.untilFullService(PATIENCE_MS);
  if (missing !== undefined) found.add("recovery", `after ${fault.name}: ${missing} is missing`);
  else if (ms > RECOVERY_MAX_MS) {
    found.add("recovery", `after ${fault.name} it took ${Math.round(ms / 1_000)} s`);
  }
  const failed = snapshot(load).unanswered - atBegin.unanswered;
  if (fault.isSmooth && failed > 0) found.add("degradation", `${failed} requests failed`);
  return {
    perSecond: (atEnd.acknowledged - atBegin.acknowledged) / seconds,
    recoveryMs: ms,
    waitedFor,
  };
}

/** Lets all that is under way come to its end, and checks. */
export async function rest({ load, ...session }: Session, found: Findings): Promise<Outcome> {
  await load.pause();
  const left = await load.settle();
  found.addAll(
    "recovery",
    left.map((key) => `${key} was never answered`),
  );
  return checkAll({ load, ...session }, found);
}

function snapshot({ seen }: Load): { acknowledged: number; reads: number; unanswered: number } {
  const { acknowledged, reads, unanswered } = seen;
  return { acknowledged, reads, unanswered };
}

type Snapshot = ReturnType<typeof snapshot>;

/** Asked of its second half: who has to notice first has had the first one for that. */
function checkGoesOn({ goesOn, name }: Fault, from: Snapshot, to: Snapshot, found: Findings): void {
  if (goesOn.includes("commands") && to.acknowledged === from.acknowledged) {
    found.add("degradation", `no command was acknowledged during ${name}`);
  }
  if (goesOn.includes("queries") && to.reads === from.reads) {
    found.add("degradation", `no query was answered during ${name}`);
  }
}
