export * from "./decide.ts";
export type * from "./events.ts";
export { type Hold, type Holds, heldBy, isOver } from "./state.ts";
