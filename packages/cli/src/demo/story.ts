import { randomBytes } from "node:crypto";
import { tellOfBanking } from "./banking.ts";
import { join, logIn, money, type Person } from "./person.ts";
import { newKey, type Teller } from "./teller.ts";

const TOMORROW_MS = 86_400_000;

/** What the story needs besides the gateway: somebody who makes an administrator. */
export interface StoryDeps {
  readonly teller: Teller;
  readonly createAdmin: (email: string, password: string) => Promise<void>;
}

type Cast = [ada: Person, bob: Person, tess: Person, admin: Person];

/** Two people, their accounts, what they do with them, and the log of it all. */
export async function tellStory({ teller, createAdmin }: StoryDeps): Promise<void> {
  const run = randomBytes(4).toString("hex");
  const person = (name: string): Person => ({
    variable: name.toUpperCase(),
    email: `${name}.${run}@example.com`,
    password: `${name} counts ${randomBytes(9).toString("base64url")}`,
  });
  const [ada, bob, tess, admin] = ["ada", "bob", "tess", "admin"].map(person) as Cast;
  teller.chapter("Ada and Bob register and log in");
  await join(teller, ada, "Ada Lovelace");
  await join(teller, bob, "Bob Cratchit");
  teller.chapter("Each opens an account");
  const from = await openAccount(teller, ada);
  const to = await openAccount(teller, bob);
  const moved = await moveMoney(teller, ada, bob, from, to);
  await readBack(teller, ada, from, moved);
  await planAhead(teller, ada, from, to);
  await hireStaff(teller, tess, admin, createAdmin);
  await tellOfBanking(teller, { ada, tess, admin, accountId: from });
  await readStatement(teller, ada, from, moved);
  await readLog(teller, admin, from);
  teller.say(
    "\nThat was everything. Each line that begins with curl can be pasted and sent again.",
  );
}

async function openAccount(teller: Teller, { variable: as }: Person): Promise<string> {
  const body = { type: "checking", currency: "EUR" };
  const key = newKey("open");
  const request = { method: "POST", path: "/v1/accounts", as, key, body, status: 201 } as const;
  return (await teller.ask(request)).body.accountId ?? "";
}

/** Gives the consistency token of the last thing that was decided. */
async function moveMoney(
  teller: Teller,
  { variable: as }: Person,
  bob: Person,
  from: string,
  to: string,
): Promise<string> {
  teller.chapter("Ada pays money in");
  const deposit = { amount: money("100.00"), reference: "Savings" };
  const into = `/v1/accounts/${from}/deposits`;
  const post = { method: "POST", as } as const;
  await teller.ask({ ...post, path: into, key: newKey("pay-in"), body: deposit, status: 201 });

  teller.chapter("Ada sends Bob 40.00");
  const key = newKey("rent");
  const parties = { fromAccountId: from, toAccountId: to };
  const transfer = { ...parties, amount: money("40.00"), reference: "Rent" };
  const sending = { ...post, path: "/v1/transfers", key, body: transfer, status: 201 };
  const { token } = await teller.ask(sending);

  teller.chapter("The same request with the same key again: the same answer, nothing moves");
  await teller.ask(sending);

  teller.chapter("More than is there is refused");
  const tooMuch = { ...parties, amount: money("1000.00") };
  const refused = { ...post, path: "/v1/transfers", body: tooMuch, status: 422 };
  await teller.ask({ ...refused, key: newKey("too-much") });

  teller.chapter("Bob has the money; with the transfer's Consistency-Token he surely sees it");
  const seen = { path: `/v1/accounts/${to}`, as: bob.variable, after: token, status: 200 };
  await teller.ask(seen);
  return token;
}

async function readBack(
  teller: Teller,
  { variable: as }: Person,
  from: string,
  after: string,
): Promise<void> {
  teller.chapter("Ada's balance and history");
  await teller.ask({ path: `/v1/accounts/${from}`, as, after, status: 200 });
  await teller.ask({ path: `/v1/accounts/${from}/transactions`, as, after, status: 200 });
}

async function planAhead(
  teller: Teller,
  { variable: as }: Person,
  fromAccountId: string,
  toAccountId: string,
): Promise<void> {
  const path = "/v1/scheduled-transfers";
  const firstOn = new Date(Date.now() + TOMORROW_MS).toISOString().slice(0, 10);
  const parties = { fromAccountId, toAccountId };
  const body = { ...parties, amount: money("40.00"), reference: "Rent", firstOn, every: "month" };

  teller.chapter("Ada orders the rent for every month from tomorrow on, and looks at it");
  const order = { method: "POST", path, as, key: newKey("order"), body, status: 201 } as const;
  const { scheduleId } = (await teller.ask(order)).body;
  await teller.ask({ path: `${path}/${scheduleId}`, as, status: 200 });

  teller.chapter("She thinks better of it");
  const cancel = { method: "DELETE", path: `${path}/${scheduleId}`, as, status: 204 } as const;
  await teller.ask({ ...cancel, key: newKey("cancel") });
}

async function readStatement(
  teller: Teller,
  { variable: as }: Person,
  from: string,
  after: string,
): Promise<void> {
  teller.chapter("Her statement of this month; as PDF and as camt.053, too");
  const { body } = await teller.ask({ path: `/v1/accounts/${from}`, as, after, status: 200 });
  const path = `/v1/accounts/${from}/statements/${String(body.openedAt).slice(0, 7)}`;
  for (const accept of ["application/json", "text/csv"]) {
    await teller.ask({ path, as, after, accept, status: 200 });
  }
}

async function hireStaff(
  teller: Teller,
  tess: Person,
  admin: Person,
  createAdmin: StoryDeps["createAdmin"],
): Promise<void> {
  const { variable: as, email, password } = admin;
  teller.chapter("An administrator is made on the server, and may also be an auditor");
  const create = `npm run -s countinghouse -- users create-admin --email ${email}`;
  teller.say(`printf '%s\\n' '${password}' | ${create}`);
  await createAdmin(email, password);
  await logIn(teller, admin);
  await give(admin, ["admin", "auditor"]);
  teller.chapter("Tess registers, and is made a teller");
  await join(teller, tess, "Tess Teller");
  await give(tess, ["teller"]);

  async function give(person: Person, roles: string[]): Promise<void> {
    const me = await teller.ask({ path: "/v1/auth/me", as: person.variable, status: 200 });
    const path = `/v1/users/${me.body.userId}/roles`;
    await teller.ask({ method: "PUT", path, as, body: { roles }, status: 200 });
  }
}

async function readLog(teller: Teller, { variable: as }: Person, accountId: string): Promise<void> {
  teller.chapter("The events of Ada's account, as the log has them");
  await teller.ask({ path: `/v1/events?stream=${accountId}`, as, status: 200 });
}
