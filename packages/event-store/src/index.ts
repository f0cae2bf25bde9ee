export * from "./errors.ts";
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
export * from "./schedules.ts";
export { assertDurable, createEventStore } from "./store.ts";
