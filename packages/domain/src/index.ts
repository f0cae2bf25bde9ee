export * from "./account/index.ts";
export * from "./decision.ts";
export * from "./ids.ts";
export * from "./money.ts";
export * from "./transfer/index.ts";
