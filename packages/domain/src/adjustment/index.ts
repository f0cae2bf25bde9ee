export * from "./decide.ts";
export type * from "./events.ts";
