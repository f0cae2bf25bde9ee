import { enableCompileCache } from "node:module";
import { join, resolve } from "node:path";

const CACHE = join(resolve(import.meta.dirname, "../../.."), "node_modules", ".cache", "compile");

// Before anything else is loaded, so that all of it comes out of the cache at the second start.
process.env.NODE_COMPILE_CACHE ??= CACHE;
enableCompileCache(process.env.NODE_COMPILE_CACHE);

const { runProgram } = await import("./program.ts");
await runProgram(process.argv);
