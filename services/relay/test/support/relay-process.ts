import { type Env, runAsProcess } from "@countinghouse/service-kit";
import { start } from "../../src/main.ts";

await runAsProcess((env: Env) => start(env, env.TEST_TOPIC));
