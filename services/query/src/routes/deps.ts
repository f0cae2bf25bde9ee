import type { ConsistencyTokens, Cursors, VersionRequirement } from "@countinghouse/service-kit";
import type { ResolveRanges } from "../consistency/ranges.ts";
import type { WaitingRoom } from "../consistency/waiting-room.ts";
import type { ReadAs } from "../reader.ts";

/** What the routes work with. */
export interface RouteDeps {
  /** As the role that reads. */
  readonly readAs: ReadAs;
  readonly tokens: ConsistencyTokens;
  readonly resolveRanges: ResolveRanges;
  readonly waitingRoom: WaitingRoom;
  readonly cursors: Cursors;
  /** The latest that happened to proposals, in any account. Throws a 503 when nobody can tell. */
  readonly latestProposals: () => Promise<readonly VersionRequirement[]>;
  readonly now: () => Date;
  /** Whose days and months are the bank's. */
  readonly timeZone: string;
}
