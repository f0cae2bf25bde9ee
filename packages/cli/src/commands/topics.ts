import { ConfigError } from "@countinghouse/service-kit";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { topicsKeeper } from "../services.ts";
import { readSettings } from "../settings.ts";
import { topicsEnv } from "../start/environment.ts";
import { tableOf } from "../start/steps.ts";

/** `countinghouse topics create` and `countinghouse topics check` */
export function addTopics(program: Command): void {
  const topics = program.command("topics").description("the Kafka topics of this deployment");
  topics
    .command("create")
    .description("create the topics that are missing, and compare all with the settings")
    .action(() => lookAfter(true));
  topics
    .command("check")
    .description("compare the topics with the settings; nothing is changed")
    .action(() => lookAfter(false));
}

async function lookAfter(creates: boolean): Promise<void> {
  const settings = readSettings(process.env);
  if (settings.KAFKA_BROKERS === undefined) throw new CliError("KAFKA_BROKERS is not set.");
  const reports = await reportsOf(topicsEnv(settings), creates);
  const rows = reports.map(({ topic, differences }): [string, string] => {
    if (differences.length === 0) return [topic, "as the settings want it"];
    return [
      topic,
      differences.map((d) => `${d.setting} is ${d.found}, not ${d.wanted}`).join("\n"),
    ];
  });
  process.stdout.write(`${tableOf(rows)}\n`);
  if (reports.some(({ differences }) => differences.length > 0)) {
    throw new CliError("A topic is not as the settings want it. Nothing was changed.");
  }
}

async function reportsOf(env: ReturnType<typeof topicsEnv>, creates: boolean) {
  const lookAfterTopics = await topicsKeeper();
  try {
    return await lookAfterTopics(env, creates);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const { message } = cause as Error;
    throw new CliError(`The brokers at ${env.KAFKA_BROKERS} cannot do that: ${message}`, { cause });
  }
}
