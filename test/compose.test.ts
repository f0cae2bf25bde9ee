import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { filesFor, readSettings } from "@countinghouse/cli";
import { type Env, loadConfig } from "@countinghouse/service-kit";
import type { TObject } from "typebox";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

const ROOT = resolve(import.meta.dirname, "..");
const SERVICES = ["auth", "command", "query", "relay", "audit", "gateway"];

interface Container {
  readonly image: string;
  readonly build?: string;
  readonly command?: string[];
  readonly env_file?: string;
  readonly ports?: string[];
  readonly depends_on?: Record<string, unknown>;
  readonly healthcheck?: { test: string[] };
}

/** How the settings of a service are read. */
interface ConfigModule {
  readonly configSchema: TObject;
  readonly readConfig?: (env: Env) => unknown;
}

const text = readFileSync(join(ROOT, "docker-compose.yml"), "utf8");
const { services, volumes } = parse(text, { merge: true }) as {
  services: Record<string, Container>;
  volumes: Record<string, unknown>;
};
const files = filesFor(readSettings({}));

describe("docker-compose.yml", () => {
  test("has every service, PostgreSQL, Kafka and the migrations", () => {
    const expected = [...SERVICES, "postgres", "kafka", "migrate"];
    expect(Object.keys(services).sort()).toEqual(expected.sort());
    expect(Object.keys(volumes).sort()).toEqual(["checkpoints", "kafka", "postgres"]);
  });

  test("runs files that are there, each with the settings that are written for it", () => {
    for (const [name, { command, env_file: file }] of Object.entries(services)) {
      if (command !== undefined) expect(existsSync(join(ROOT, command[1] ?? ""))).toBe(true);
      if (file === undefined) continue;
      expect(file).toBe(`.countinghouse/env/${name}.env`);
      expect(Object.keys(files)).toContain(name);
    }
  });

  test("publishes the gateway's port and no other", () => {
    const published = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
    expect(published.map(([name]) => name)).toEqual(["gateway"]);
  });

  test("asks every service whether it is ready, and waits for what it needs", () => {
    for (const name of SERVICES) {
      expect(services[name]?.healthcheck?.test.join(" ")).toContain("/readyz");
      for (const needed of Object.keys(services[name]?.depends_on ?? {})) {
        expect(Object.keys(services)).toContain(needed);
      }
    }
  });

  test("names no image without a version and has no secret in it", () => {
    for (const { image } of Object.values(services)) expect(image).toMatch(/:\d|^countinghouse$/);
    expect(text).not.toMatch(/SECRET_KEY|PASSWORD/);
  });
});

describe("the settings of the containers", () => {
  test.each(SERVICES)("are all that %s needs to start", async (name) => {
    const path = join(ROOT, "services", name, "src", "config.ts");
    const { configSchema, readConfig } = (await import(path)) as ConfigModule;
    const read = readConfig ?? ((env) => loadConfig(name, configSchema, env));
    expect(() => read(files[name] ?? {})).not.toThrow();
  });

  test("[S74b] give the secret to the migrations only, and what signs to auth only", () => {
    const holders = (secret = "none") => {
      const those = Object.entries(files).filter(([, env]) => {
        return Object.values(env).some((value) => value?.includes(secret));
      });
      return those.map(([name]) => name);
    };
    expect(holders(files.migrate?.SECRET_KEY)).toEqual(["migrate"]);
    expect(holders(files.auth?.SECRET_KEY)).toEqual(["auth"]);
  });

  test("give each database role to one service", () => {
    const urls = SERVICES.flatMap((name) => {
      const env = files[name] ?? {};
      return [env.DATABASE_URL, env.PROJECTOR_DATABASE_URL].filter((url) => url !== undefined);
    });
    const users = urls.map((url) => new URL(url).username);
    expect(new Set(users).size).toBe(users.length);
    expect(users).not.toContain("postgres");
  });

  test("and .env.example names only settings that are read", () => {
    const example = readFileSync(join(ROOT, ".env.example"), "utf8");
    const names = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name ?? "");
    expect(names.length).toBeGreaterThan(10);
    const files = ["packages/cli/src/settings.ts", "packages/service-kit/src/kafka-settings.ts"];
    const source = files.map((file) => readFileSync(join(ROOT, file), "utf8")).join("\n");
    for (const name of names) expect(source).toContain(`${name}:`);
  });
});
