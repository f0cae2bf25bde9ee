import type { WireState } from "../system/wire.ts";
import { type Fault, fault } from "./fault.ts";

const SILENT: WireState = { kind: "silent" };
const CUT: WireState = { kind: "cut" };
const LOSING: WireState = { kind: "losing", chance: 0.2 };
/** Nobody's connections but those to and from the clients and the brokers. */
const BETWEEN_SERVICES = /^(?!services>)/;

/** A fault of all wires that match. */
function ofWires(
  name: string,
  what: string,
  pattern: RegExp,
  state: WireState,
  more: Partial<Fault> = {},
): Fault {
  return fault({
    ...{ name, what, holdMs: 6_000 },
    async begin({ wires }) {
      await wires.become(pattern, state);
      return () => wires.mend();
    },
    ...more,
  });
}

export const NETWORK_FAULTS: readonly Fault[] = [
  ofWires("cut-gateway-command", "gateway and command do not reach each other", />command$/, CUT, {
    goesOn: ["queries"],
  }),
  ofWires("cut-gateway-query", "gateway and query do not reach each other", />query/, CUT, {
    goesOn: ["commands"],
  }),
  ofWires("cut-gateway-auth", "gateway and auth do not reach each other", /^gateway.*>auth$/, CUT),
  ofWires("cut-command-auth", "command and auth do not reach each other", /^command.*>auth$/, CUT, {
    goesOn: ["commands", "queries"],
  }),
  ofWires("cut-audit-relay", "audit and relay do not reach each other", /^audit>relay$/, CUT, {
    goesOn: ["commands", "queries"],
  }),
  ofWires("cut-query-relay", "query and relay do not reach each other", /^query.*>relay$/, CUT, {
    goesOn: ["commands"],
  }),
  ofWires("read-database-gone", "query does not reach its database", /^query.*>postgres$/, CUT, {
    goesOn: ["commands"],
  }),
  ofWires("half-open-command", "half-open connections to command", />command$/, SILENT, {
    holdMs: 10_000,
  }),
  ofWires("half-open-auth", "half-open connections to auth", />auth$/, SILENT, {
    holdMs: 10_000,
  }),
  ofWires(
    "slow-network",
    "40 ms everywhere, and one packet in thirty lost",
    BETWEEN_SERVICES,
    { kind: "slow", ms: 40, lossy: 0.03 },
    { holdMs: 10_000 },
  ),
  ofWires(
    "command-answers-lost",
    "one answer in five of command is lost on its way to the gateway",
    /^gateway.*>command$/,
    LOSING,
  ),
  ofWires(
    "client-answers-lost",
    "one answer in five is lost on its way to the client",
    /^clients>gateway$/,
    LOSING,
  ),
  fault({
    name: "cut-any",
    what: "a cut between two processes that chance chooses",
    async begin({ wires }, random) {
      const all = wires.matching(BETWEEN_SERVICES);
      const wire = all[Math.floor(random() * all.length)];
      await wire?.become(CUT);
      return () => wires.mend();
    },
  }),
];
