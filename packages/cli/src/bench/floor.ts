import { operationsOf } from "@countinghouse/contracts";
import {
  createApp,
  createInnerVerifier,
  createLogger,
  createMetrics,
  type Handlers,
  serveOperations,
} from "@countinghouse/service-kit";

/** What a transfer is answered with: the fields and headers of the real answer. */
const [ID, EUR] = ["019ac000-0000-8000-8000-000000000000", "EUR"];
const HEADERS = { "consistency-token": "A".repeat(87) };
const PAYER = { version: 1, balance: { value: "1.00", currency: EUR } };

/**
 * The HTTP floor, a process of its own: the command service's own app, token check and schemas with
 * nothing behind them. What it cannot do, no command service on this machine can.
 */
async function main(): Promise<void> {
  const app = createApp({
    name: "floor",
    logger: createLogger("floor", { LOG_LEVEL: "info" }),
    metrics: createMetrics("floor"),
    readiness: [],
    requestIds: "from gateway",
  });
  const { INNER_PUBLIC_KEYS = "{}" } = process.env;
  const unused = () => Promise.reject(new Error("the floor answers transfers only"));
  const handlers = Object.fromEntries(operationsOf("command").map(([name]) => [name, unused]));
  const transfer: Handlers<"command">["transfer"] = async ({ body }) => {
    const from = { ...PAYER, accountId: body.fromAccountId, available: PAYER.balance };
    const to = { accountId: body.toAccountId, version: 1 };
    return { status: 201, body: JSON.stringify({ transferId: ID, from, to }), headers: HEADERS };
  };
  serveOperations(app, "command", createInnerVerifier("command", INNER_PUBLIC_KEYS), {
    ...handlers,
    transfer,
  } as unknown as Handlers<"command">);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  process.once("disconnect", () => process.exit(0));
  process.send?.({ url });
}

await main();
