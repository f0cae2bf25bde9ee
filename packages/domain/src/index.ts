export * from "./account/index.ts";
export * from "./card/index.ts";
export * from "./decision.ts";
export * from "./hold/index.ts";
export * from "./ids.ts";
export * from "./limits/index.ts";
export * from "./money.ts";
export * from "./transfer/index.ts";
