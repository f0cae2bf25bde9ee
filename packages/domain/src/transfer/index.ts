export {
  type ReversalFacts,
  type Reverse,
  reverse,
  type Transfer,
  type TransferFacts,
  transfer,
} from "./decide.ts";
export type * from "./events.ts";
export * from "./state.ts";
