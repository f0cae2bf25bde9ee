export { accrue, type MonthBalances } from "./accrue.ts";
export * from "./decide.ts";
export type * from "./events.ts";
export type { Interest } from "./state.ts";
