export { start } from "./main.ts";
export { migrate } from "./migrate.ts";
