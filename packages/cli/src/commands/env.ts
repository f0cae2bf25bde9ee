import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Env } from "@countinghouse/service-kit";
import type { Command } from "commander";
import { SERVICE_NAMES } from "../services.ts";
import { readSettings, type Settings } from "../settings.ts";
import { environmentsOf, type Places } from "../start/environment.ts";

const PORT = 8080;
/** The volume of docker-compose.yml that outlives the audit's container and its database. */
const CHECKPOINTS = "/var/lib/countinghouse/checkpoints";
const INTERNAL_PORT = "9090";
const OWNER_ONLY = 0o600;
const SECRET_BYTES = 48;

/**
 * `countinghouse env`: a file of settings for each container, with its own secrets and no others.
 */
export function addEnv(program: Command): void {
  program
    .command("env")
    .description("write a file of settings for each container of docker-compose.yml")
    .option("--out <folder>", "the folder to write them to", ".countinghouse/env")
    .action(({ out }: { out: string }) => {
      const folder = resolve(out);
      const files = filesFor(readSettings(process.env));
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      for (const [name, env] of Object.entries(files)) {
        writeFileSync(join(folder, `${name}.env`), linesOf(env), { mode: OWNER_ONLY });
      }
      process.stdout.write(`${Object.keys(files).length} files in ${folder}; they hold secrets.\n`);
    });
}

/** The settings of every container, by its name. The secret is made where none is given. */
export function filesFor(settings: Settings): Record<string, Env> {
  const made = () => randomBytes(SECRET_BYTES).toString("base64url");
  const secretKey = settings.SECRET_KEY ?? made();
  const POSTGRES_PASSWORD = made();
  const adminUrl =
    settings.DATABASE_URL ?? `postgres://postgres:${POSTGRES_PASSWORD}@postgres/postgres`;
  const server = { adminUrl, secretKey };
  const places = Object.fromEntries(
    SERVICE_NAMES.map((name) => [
      name,
      { host: "0.0.0.0", port: PORT, url: `http://${name}:${PORT}` },
    ]),
  ) as Places;
  const kafka = { ...settings, KAFKA_BROKERS: settings.KAFKA_BROKERS ?? "kafka:9092" };
  const services = environmentsOf({ settings: kafka, server, places, checkpoints: CHECKPOINTS });
  const internal = { INTERNAL_HOST: "0.0.0.0", INTERNAL_PORT };
  return {
    postgres: { POSTGRES_PASSWORD },
    migrate: { DATABASE_URL: adminUrl, SECRET_KEY: secretKey },
    ...Object.fromEntries(SERVICE_NAMES.map((name) => [name, { ...services[name], ...internal }])),
  };
}

function linesOf(env: Env): string {
  const pairs = Object.entries(env).filter(([, value]) => value !== undefined);
  // A setting is a line here; certificates have more.
  return pairs.map(([name, value]) => `${name}=${value?.replaceAll("\n", "\\n")}\n`).join("");
}
