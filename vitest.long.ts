import { defineConfig } from "vitest/config";

/** Measurements and long faults: `npm test -- --config vitest.long.ts [files]`. */
export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.long.ts", "services/*/test/**/*.long.ts", "test/**/*.long.ts"],
    globalSetup: ["packages/testing/src/global-setup.ts"],
    testTimeout: 580_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
});
