import { operations, PAGE_LIMIT, type TariffRequest } from "@countinghouse/contracts";
import {
  decimalsOf,
  type FeeRule,
  type MoneyText,
  minorUnits,
  moneyText,
  proposeTariff,
  type Tariff,
  type TariffTable,
} from "@countinghouse/domain";
import {
  type Call,
  type ConsistencyTokens,
  type Cursors,
  type Handler,
  malformed,
  ProblemError,
  pageOf,
} from "@countinghouse/service-kit";
import { NO_STREAM } from "../aggregates.ts";
import { tariffOf } from "../domain-aggregates.ts";
import { commandOf, eventOf, FIRST_LEDGER, moneyOf } from "../prepare.ts";
import { loadTariff, tariffRead } from "../tariff-read.ts";
import { checkToken } from "./check-token.ts";
import type { RouteDeps } from "./deps.ts";
import { ABSENT } from "./on-account.ts";

export interface TariffDeps extends RouteDeps {
  readonly tokens: ConsistencyTokens;
  readonly cursors: Cursors;
}

type Handlers = {
  [Name in "proposeTariff" | "getTariff" | "listTariffProposals"]: Handler<Name>;
};

/** What transactions cost: a table of rules for each ledger, by four eyes. */
export function tariffRoutes(deps: TariffDeps): Handlers {
  return {
    proposeTariff: (call) => propose(call, deps),
    async getTariff({ query: { ledger = FIRST_LEDGER }, headers }) {
      checkToken(headers, deps.tokens);
      const { fees, interest } = await stored(ledger, deps);
      const rates = interest !== undefined && { interest };
      return { status: 200, body: { ledger, fees, ...rates } };
    },
    listTariffProposals: (call) => listProposals(call, deps),
  };
}

async function listProposals(
  { query, headers }: Call<typeof operations.listTariffProposals>,
  deps: TariffDeps,
) {
  checkToken(headers, deps.tokens);
  const { ledger = FIRST_LEDGER, limit = PAGE_LIMIT.usual } = query;
  const cursor = deps.cursors(["listTariffProposals", String(ledger)]);
  const after = cursor.open(query.cursor)?.toString("ascii") ?? "";
  const { proposals = {} } = await stored(ledger, deps);
  // Ids of one ledger are in the order of time.
  const ids = Object.keys(proposals).filter((id) => id > after);
  const rows = ids.sort().slice(0, limit + 1);
  const body = pageOf(
    rows,
    limit,
    cursor,
    (id) => Buffer.from(id, "ascii"),
    (proposalId) => {
      const about = { proposalId, ledger, kind: "tariff", status: "open" } as const;
      return { ...about, ...(proposals[proposalId] as Waiting) };
    },
  );
  return { status: 200, body } as const;
}

type Waiting = NonNullable<Tariff["proposals"]>[string];

/** Throws a 404 where there is no such ledger. */
async function stored(ledger: number, { ledgers, store }: RouteDeps): Promise<Tariff> {
  if (!(await ledgers.exists(ledger))) throw new ProblemError("not_found");
  return (await loadTariff(store, ledger)) ?? { fees: [] };
}

async function propose(call: Call<typeof operations.proposeTariff>, deps: RouteDeps) {
  const { ledger = FIRST_LEDGER, ...table } = call.body;
  const tariff = tariffIn(table);
  const common = commandOf(operations.proposeTariff, call);
  if (!(await deps.ledgers.exists(ledger))) {
    return deps.execute({ ...common, ledger: FIRST_LEDGER, reads: [], decide: () => ABSENT });
  }
  const proposalId = deps.newId(ledger);
  const proposedBy = call.principal.userId;
  const command = { when: deps.when(), proposalId, tariff, proposedBy };
  return deps.execute({
    ...common,
    ledger,
    reads: [tariffRead(ledger)],
    decide([stream = NO_STREAM]) {
      const decision = proposeTariff(command, tariffOf(stream));
      if (decision.kind === "refused") return decision;
      const events = new Map([[0, [eventOf(decision.facts)]]]);
      return { kind: "accepted", status: 202, body: { proposalId }, events };
    },
  });
}

/** Throws a 400 that points at what is wrong with a table by itself. */
function tariffIn({ fees, interest }: Omit<TariffRequest, "ledger">): TariffTable {
  checkOnce(fees, "fees", ({ on, currency }) => `${on} ${currency}`);
  checkOnce(interest ?? [], "interest", ({ currency }) => currency);
  return {
    fees: fees.map((rule, i) => ruleOf(rule, `/fees/${i}`)),
    ...(interest !== undefined && { interest }),
  };
}

function checkOnce<Rule extends { readonly currency: string }>(
  rules: readonly Rule[],
  member: string,
  nameOf: (rule: Rule) => string,
): void {
  const seen = new Set<string>();
  for (const [i, rule] of rules.entries()) {
    const at = `/${member}/${i}`;
    if (decimalsOf(rule.currency) === undefined) throw malformed(`${at}/currency`, "is not known");
    const name = nameOf(rule);
    if (seen.has(name)) throw malformed(at, "is a second rule for the same");
    seen.add(name);
  }
}

function ruleOf(rule: TariffRequest["fees"][number], at: string): FeeRule {
  const money = (name: "fixed" | "min" | "max"): { readonly [Name in typeof name]?: MoneyText } => {
    const given = rule[name];
    if (given === undefined) return {};
    const { minor, currency } = moneyOf(given, `${at}/${name}`);
    if (currency !== rule.currency) throw malformed(`${at}/${name}`, "has another currency");
    return { [name]: moneyText(minor, currency) };
  };
  const { on, currency, basisPoints } = rule;
  const bounds = { ...money("min"), ...money("max") };
  if (bounds.min && bounds.max && minorUnits(bounds.min) > minorUnits(bounds.max)) {
    throw malformed(`${at}/max`, "is below min");
  }
  if (basisPoints === undefined && rule.fixed === undefined) {
    throw malformed(at, "needs fixed or basisPoints");
  }
  const part = basisPoints !== undefined && { basisPoints };
  return { on, currency, ...money("fixed"), ...part, ...bounds };
}
