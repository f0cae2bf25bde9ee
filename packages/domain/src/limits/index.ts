export * from "./decide.ts";
export type * from "./events.ts";
export type { Proposal, Used } from "./state.ts";
