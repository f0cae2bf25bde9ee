export * from "./decide.ts";
export type * from "./events.ts";
export type { Card, Cards } from "./state.ts";
