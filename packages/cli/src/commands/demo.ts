import type { Command } from "commander";
import { urlFor } from "../databases.ts";
import { tellStory } from "../demo/story.ts";
import { createTeller } from "../demo/teller.ts";
import { findRunning } from "../running.ts";
import { readSettings } from "../settings.ts";
import { createAdmin } from "./users.ts";

/** `countinghouse demo`: the first steps with a running system, each as a curl and its answer. */
export function addDemo(program: Command): void {
  program
    .command("demo")
    .description("move money in the running system, every step shown as a curl and its answer")
    .action(async () => {
      const { gatewayUrl, server } = findRunning(readSettings(process.env));
      const databaseUrl = urlFor(server, "countinghouse_auth", "auth");
      await tellStory({
        teller: createTeller(gatewayUrl, (text) => process.stdout.write(text)),
        createAdmin: (email, password) => createAdmin(databaseUrl, email, password),
      });
    });
}
