import type { EventRange, Requirement, VersionRequirement } from "@countinghouse/service-kit";
import { concernsAccounts } from "../events/decode.ts";
import type { LogReader } from "../log-reader.ts";

/** Ranges remembered at most; the oldest are forgotten first and asked for again. */
const REMEMBERED_MAX = 1_000;

/**
 * Turns the ranges of events that tokens of large commands name into the versions of the accounts
 * in them, by asking the log once per range. The log is what it is, so an answer stays true.
 */
export type ResolveRanges = (
  requirements: readonly Requirement[],
) => Promise<readonly VersionRequirement[]>;

export function createResolveRanges(log: Pick<LogReader, "readRange">): ResolveRanges {
  const known = new Map<string, Promise<readonly VersionRequirement[]>>();

  function resolve(range: EventRange): Promise<readonly VersionRequirement[]> {
    const name = `${range.ledger}:${range.first}:${range.count}`;
    const hit = known.get(name);
    if (hit !== undefined) return hit;
    const asked = ask(log, range);
    known.set(name, asked);
    asked.catch(() => known.delete(name));
    const [oldest] = known.keys();
    if (known.size > REMEMBERED_MAX && oldest !== undefined) known.delete(oldest);
    return asked;
  }

  return async (requirements) => {
    const all = await Promise.all(
      requirements.map((wanted) => (wanted.kind === "range" ? resolve(wanted) : [wanted])),
    );
    return all.flat();
  };
}

async function ask(
  log: Pick<LogReader, "readRange">,
  range: EventRange,
): Promise<readonly VersionRequirement[]> {
  const versions = new Map<string, number>();
  for (const event of (await log.readRange(range)).filter(concernsAccounts)) {
    versions.set(event.streamId, event.version);
  }
  return [...versions].map(([accountId, version]) => ({ kind: "version", accountId, version }));
}
