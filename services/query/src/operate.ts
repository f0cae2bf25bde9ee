// What an operator's tool does with the read tables.
export { inspectParked, listParked, releaseParked } from "./rebuild/parked.ts";
export { rebuild } from "./rebuild/rebuild.ts";
export { RebuildError } from "./rebuild/shadow.ts";
export { rollBack, switchOver } from "./rebuild/switch.ts";
export { verify } from "./rebuild/verify.ts";
