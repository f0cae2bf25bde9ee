export { createProgress, type Progress } from "./bench/progress.ts";
export * from "./cli-error.ts";
export { filesFor } from "./commands/env.ts";
export * from "./databases.ts";
export { productionFaults } from "./doctor/faults.ts";
export * from "./free-ports.ts";
export type { InstanceName } from "./instances.ts";
export { migrateAll } from "./migrate.ts";
export { type EmbeddedPostgres, startPostgres } from "./postgres/server.ts";
export { type LogPages, logPagesOf } from "./projections/log-pages.ts";
export { dropDatabases, provision, warningOf } from "./provision.ts";
export { findRunning, type RunningSystem } from "./running.ts";
export { SERVICE_NAMES, type Service } from "./services.ts";
export { readSettings, type Settings } from "./settings.ts";
export {
  environmentsOf,
  type Further,
  instanceEnvironments,
  localPlaces,
} from "./start/environment.ts";
export type { System } from "./start/in-process.ts";
export { startProcesses } from "./start/processes.ts";
export { type Verification, verifySystem } from "./verify/verify.ts";
