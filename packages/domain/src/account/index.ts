export {
  available,
  close,
  deposit,
  type Explain,
  freeze,
  type OpenAccount,
  openAccount,
  type Post,
  type Spend,
  unfreeze,
  withdraw,
} from "./decide.ts";
export type * from "./events.ts";
export * from "./state.ts";
