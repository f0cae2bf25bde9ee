export {
  available,
  close,
  deposit,
  type Explain,
  freeze,
  type Move,
  type OpenAccount,
  openAccount,
  unfreeze,
  withdraw,
} from "./decide.ts";
export type * from "./events.ts";
export * from "./state.ts";
