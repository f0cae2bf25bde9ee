import { setTimeout as delay } from "node:timers/promises";
import { SERVICE_NAMES, type Service } from "@countinghouse/cli";
import { kill } from "@countinghouse/testing/processes";
import type { BrokenBank } from "../system/open-system.ts";
import { type Fault, fault, type GoesOn, nothingToMend } from "./fault.ts";

/** Longer than the lease of a relay and than the patience of the gateway with auth's silence. */
const PAUSE_MS = 5_000;
const BETWEEN_RESTARTS_MS = 2_500;
const KILLS_IN_A_ROW = 3;

/** What goes on without a service; its twin, where it has one, takes its place. */
const WITHOUT: Readonly<Record<Service, readonly GoesOn[]>> = {
  auth: [],
  relay: ["commands"],
  command: ["queries"],
  query: ["commands"],
  audit: ["commands", "queries"],
  gateway: [],
};

const killed = SERVICE_NAMES.map((name) => {
  return fault({
    name: `kill-${name}`,
    what: `kill -9 of ${name}`,
    goesOn: WITHOUT[name],
    async begin({ services }) {
      kill(services.pidOf(name));
      return nothingToMend;
    },
  });
});

const paused = SERVICE_NAMES.map((name) => {
  return fault({
    name: `pause-${name}`,
    what: `SIGSTOP of ${name}, then SIGCONT`,
    holdMs: PAUSE_MS,
    // Who waits for a process that holds its breath waits; nothing is promised meanwhile.
    goesOn: name === "audit" || name === "relay" ? WITHOUT[name] : [],
    async begin({ services }) {
      const pid = services.pidOf(name);
      kill(pid, "SIGSTOP");
      return async () => kill(pid, "SIGCONT");
    },
  });
});

/** Every process of the bank, the server and the brokers included, as a power cut would. */
async function cutPower({ services, postgres, kafka }: BrokenBank): Promise<void> {
  const brokers = kafka?.nodes.map((node) => node.kill()) ?? [];
  for (const name of services.names) kill(services.pidOf(name));
  await Promise.all([postgres.kill(), ...brokers]);
}

async function restartInTurn({ services }: BrokenBank): Promise<void> {
  for (const name of services.names) {
    kill(services.pidOf(name), "SIGTERM");
    await delay(BETWEEN_RESTARTS_MS);
  }
}

export const PROCESS_FAULTS: readonly Fault[] = [
  ...killed,
  ...paused,
  fault({
    name: "relays-killed-in-turn",
    what: "kill -9 of the relay that publishes, then of the one that took over",
    needs: ["twins"],
    holdMs: 1_000,
    goesOn: ["commands"],
    async begin({ services }) {
      kill(services.pidOf("relay"));
      await delay(PAUSE_MS);
      kill(services.pidOf("relay-2"));
      return nothingToMend;
    },
  }),
  fault({
    name: "power-cut",
    what: "kill -9 of every process at once",
    async begin(bank) {
      await cutPower(bank);
      return async () => {
        const brokers = bank.kafka?.nodes.map((node) => node.start()) ?? [];
        await Promise.all([bank.postgres.start(), ...brokers]);
      };
    },
  }),
  fault({
    name: "retries-across-restarts",
    what: "kill -9 of all command services, three times, between a command and its repeat",
    holdMs: 1_000,
    async begin({ services }) {
      for (let i = 0; i < KILLS_IN_A_ROW; i += 1) {
        for (const name of services.names.filter((one) => one.startsWith("command"))) {
          kill(services.pidOf(name));
        }
        await delay(BETWEEN_RESTARTS_MS);
      }
      return nothingToMend;
    },
  }),
  fault({
    name: "new-code",
    what: "every process restarted in turn under load",
    holdMs: 1_000,
    async begin(bank) {
      await restartInTurn(bank);
      return nothingToMend;
    },
  }),
  fault({
    name: "drain",
    what: "SIGTERM of one of two commands and queries under load; no request fails",
    needs: ["twins"],
    isSmooth: true,
    goesOn: ["commands", "queries"],
    async begin({ services }) {
      for (const name of ["command", "query"]) {
        kill(services.pidOf(name), "SIGTERM");
        await delay(BETWEEN_RESTARTS_MS);
      }
      return nothingToMend;
    },
  }),
];
