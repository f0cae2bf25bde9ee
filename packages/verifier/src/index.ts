export * from "./account-fold.ts";
