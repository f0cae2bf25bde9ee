import type { Fault, Need } from "./fault.ts";
import { KAFKA_FAULTS } from "./kafka.ts";
import { NETWORK_FAULTS } from "./network.ts";
import { POSTGRES_FAULTS } from "./postgres.ts";
import { PROCESS_FAULTS } from "./processes.ts";
import { OTHER_FAULTS } from "./rest.ts";

/** Every fault, by kind. */
export const FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...POSTGRES_FAULTS,
  ...NETWORK_FAULTS,
  ...OTHER_FAULTS,
  ...KAFKA_FAULTS,
];

/** Those that can be where only this is there. */
export function possible(there: ReadonlySet<Need>): Fault[] {
  return FAULTS.filter(({ needs }) => needs.every((need) => there.has(need)));
}
