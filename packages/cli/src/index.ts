export * from "./cli-error.ts";
export { filesFor } from "./commands/env.ts";
export * from "./databases.ts";
export * from "./free-ports.ts";
export { migrateAll } from "./migrate.ts";
export { type EmbeddedPostgres, startPostgres } from "./postgres/server.ts";
export { dropDatabases, provision } from "./provision.ts";
export { findRunning, type RunningSystem } from "./running.ts";
export { readSettings, type Settings } from "./settings.ts";
