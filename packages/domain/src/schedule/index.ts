export { daysOfMonth, monthAfter } from "./calendar.ts";
export * from "./decide.ts";
export type * from "./events.ts";
export * from "./state.ts";
