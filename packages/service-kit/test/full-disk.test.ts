import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const LOGGER = pathToFileURL(join(import.meta.dirname, "../src/logger.ts")).href;
/** Longer than lines wait to go out together, several times. */
const CODE = `
  import { createLogger } from ${JSON.stringify(LOGGER)};
  const logger = createLogger("test", { LOG_LEVEL: "info", LOG_FILE: "/dev/full" });
  for (let i = 0; i < 20_000; i += 1) logger.info({ i }, "a line that finds no room at all");
  setTimeout(() => process.exit(process.memoryUsage().rss < 400e6 ? 0 : 3), 500);
`;

test.runIf(existsSync("/dev/full"))("a full disk of logs ends no service", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", CODE], { stdio: "ignore" });
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
});
