import type { Logger } from "@countinghouse/service-kit";
import type { Parking, Plan } from "./plan.ts";
import { reachedBy, type SourcePosition } from "./store.ts";

/** What came of the events of a batch, for whoever waits for it or counts it. */
export interface ProjectorObserver {
  applied(versions: ReadonlyMap<string, number>): void;
  followed(position: SourcePosition, recordedAt: string | undefined): void;
  parked(accounts: number): void;
  repeated(events: number): void;
}

interface Reporting {
  readonly logger: Logger;
  readonly observer: ProjectorObserver;
}

/** Tells what a plan that was carried out came to. */
export function report({ logger, observer }: Reporting, plan: Plan): void {
  observer.applied(reachedBy(plan.applied));
  observer.repeated(plan.repeated);
  reportParked({ logger, observer }, plan.parked);
}

export function reportParked({ logger, observer }: Reporting, parked: readonly Parking[]): void {
  for (const { place, reason } of parked) logger.error({ ...place, reason }, "account parked");
  observer.parked(parked.length);
}
