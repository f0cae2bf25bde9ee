export * from "./decide.ts";
export type * from "./events.ts";
export type { Used } from "./state.ts";
