export * from "./account-fold.ts";
export * from "./bundle.ts";
export * from "./events.ts";
export * from "./findings.ts";
export * from "./ledger-fold.ts";
export * from "./statement-fold.ts";
export * from "./verify-bundle.ts";
export * from "./verify-receipt.ts";
