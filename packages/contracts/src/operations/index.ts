import { auditOperations } from "./audit.ts";
import { bankingOperations } from "./banking.ts";
import { commandOperations } from "./commands.ts";
import { identityOperations } from "./identity.ts";
import { internalOperations } from "./internal.ts";
import { logOperations } from "./log.ts";
import type { Operation } from "./operation.ts";
import { queryOperations } from "./queries.ts";
import { scheduleOperations } from "./schedules.ts";

/** The operations that callers reach through the gateway. */
export const publicOperations = {
  ...identityOperations,
  ...commandOperations,
  ...bankingOperations,
  ...scheduleOperations,
  ...queryOperations,
  ...logOperations,
  ...auditOperations,
};

/** Every operation of every service, by its name. */
export const operations = { ...publicOperations, ...internalOperations };

export type OperationName = keyof typeof operations;

/** The operations of one service, as name and row. */
export function operationsOf(service: string): [OperationName, Operation][] {
  const all = Object.entries(operations) as [OperationName, Operation][];
  return all.filter(([, operation]) => operation.service === service);
}
