export * from "./decide.ts";
export type * from "./events.ts";
export { feeOn } from "./fee.ts";
export * from "./state.ts";
