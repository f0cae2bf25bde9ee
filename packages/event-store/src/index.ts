export * from "./errors.ts";
export { seizeLeases } from "./leases.ts";
export { createLedger, type Ledger, listLedgers } from "./ledgers.ts";
export { migrateLedger } from "./migrate.ts";
export type * from "./port.ts";
export * from "./read.ts";
export {
  type BareEvent,
  type RecordSlice,
  readBareEvents,
  readRecords,
  type StoredEvent,
} from "./records.ts";
export type { SavingsMonth, SavingsSlice } from "./savings.ts";
export * from "./schedules.ts";
export { assertDurable, createEventStore, createHistoryStore } from "./store.ts";
