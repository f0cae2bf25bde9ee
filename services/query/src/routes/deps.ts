import type { ConsistencyTokens } from "@countinghouse/service-kit";
import type { ResolveRanges } from "../consistency/ranges.ts";
import type { WaitingRoom } from "../consistency/waiting-room.ts";
import type { Cursors } from "../cursors.ts";
import type { Database } from "../tables.ts";

/** What the routes work with. */
export interface RouteDeps {
  /** As the role that reads. */
  readonly db: Database;
  readonly tokens: ConsistencyTokens;
  readonly resolveRanges: ResolveRanges;
  readonly waitingRoom: WaitingRoom;
  readonly cursors: Cursors;
  readonly now: () => Date;
}
