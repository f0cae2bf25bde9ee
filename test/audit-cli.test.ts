import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { urlFor } from "@countinghouse/cli";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Auditor, auditAlone, newAuditor } from "./support/audit-cli.ts";
import { type Client, newClient, openBank, type RunningBank } from "./support/running-bank.ts";

const TIMEOUT_MS = 120_000;
const DEPOSITS = 600;

let folder = "";
let bank: RunningBank;
let auditor: Auditor;
let ada: Client;
let accounts: string[] = [];
/** A moment between the deposits and the transfers. */
let between = "";

const euros = (value: string) => ({ value, currency: "EUR" });
const path = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "countinghouse-audit-cli-"));
  bank = await openBank();
  auditor = await newAuditor(bank);
  ada = await newClient(bank.url);
  const open = async () => {
    const opened = await ada.command("/v1/accounts", { type: "checking", currency: "EUR" });
    return ((await opened.json()) as { accountId: string }).accountId;
  };
  accounts = [await open(), await open()];
  await deposit(DEPOSITS);
  between = new Date().toISOString();
  await transfer(20);
}, TIMEOUT_MS);
afterAll(async () => {
  await bank.close();
  rmSync(folder, { recursive: true, force: true });
}, TIMEOUT_MS);

async function deposit(count: number): Promise<void> {
  const [to] = accounts;
  const answers = Array.from({ length: count }, () => {
    return ada.command(`/v1/accounts/${to}/deposits`, { amount: euros("1.00") });
  });
  for (const answer of await Promise.all(answers)) expect(answer.status).toBe(201);
}

async function transfer(count: number): Promise<string> {
  const [fromAccountId, toAccountId] = accounts;
  const body = { fromAccountId, toAccountId, amount: euros("2.50"), reference: "Rent" };
  let transferId = "";
  for (let i = 0; i < count; i += 1) {
    const answer = await ada.command("/v1/transfers", body);
    expect(answer.status).toBe(201);
    ({ transferId } = (await answer.json()) as { transferId: string });
  }
  return transferId;
}

/** Waits until everything that was acknowledged is sealed, as the first line of a new export. */
async function sealed(events: number): Promise<void> {
  const size = async () => {
    const note = await (await fetch(`${bank.url}/v1/audit/checkpoint`)).text();
    return Number(note.split("\n")[1]);
  };
  await expect.poll(size, { timeout: 20_000, interval: 50 }).toBe(events);
}

const EVENTS = 2 + DEPOSITS + 40;

test(
  "an export is verified without the bank, and against what was seen before",
  async () => {
    await sealed(EVENTS);
    const exported = await auditor.audit("export", path("bundle"), "--accounts");
    expect(exported).toMatchObject({ code: 0 });
    expect(exported.out).toContain(`${EVENTS} events of countinghouse.localhost/ledger/1`);
    expect(exported.err).toContain("100%");
    const key = await (await fetch(`${bank.url}/v1/audit/key`)).text();
    const verified = await auditAlone("verify", path("bundle"), "--key", key.trim());
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.out).toContain(`${EVENTS} events, 2 accounts folded anew`);
    expect(verified.out).toContain("EUR: credits 650.00 = debits 50.00 + balances 600.00");
    expect(verified.out).toContain("CLEAN");
    cpSync(path("bundle/checkpoint"), path("older"));

    await transfer(1);
    await sealed(EVENTS + 2);
    const added = await auditor.audit("export", path("bundle"));
    expect(added).toMatchObject({ code: 0 });
    expect(readdirSync(path("bundle/checkpoints"))).toEqual([`${EVENTS}`, `${EVENTS + 2}`]);
    const again = await auditAlone("verify", path("bundle"), "--against", path("older"), "--json");
    expect(again).toMatchObject({ code: 0 });
    expect(JSON.parse(again.out)).toMatchObject({ isClean: true, size: EVENTS + 2, accounts: 2 });
  },
  TIMEOUT_MS,
);

test(
  "an export that was interrupted is taken up where it was",
  async () => {
    const whole = await auditor.audit("export", path("whole"));
    expect(whole).toMatchObject({ code: 0 });
    const files = readdirSync(path("whole"), { recursive: true }).sort();
    cpSync(path("whole"), path("cut"), { recursive: true });
    cpSync(path("cut/checkpoint"), path("cut/checkpoint.unfinished"));
    for (const file of ["manifest.json", "checkpoint", "tile/entries/001", "tile/0/002.p/132"]) {
      rmSync(path(`cut/${file}`));
    }
    const resumed = await auditor.audit("export", path("cut"));
    expect(resumed).toMatchObject({ code: 0 });
    expect(resumed.out).toContain("An export that was interrupted was taken up.");
    expect(readdirSync(path("cut"), { recursive: true }).sort()).toEqual(files);
    for (const file of files.filter((one) => /\d$/.test(String(one)))) {
      const [mine, other] = ["cut", "whole"].map((name) => path(`${name}/${file}`));
      if (/x?\d+\.p$|^tile\/\w+$/.test(String(file))) continue;
      expect(readFileSync(mine ?? "")).toEqual(readFileSync(other ?? ""));
    }
    expect(await auditAlone("verify", path("cut"))).toMatchObject({ code: 0 });
  },
  TIMEOUT_MS,
);

test(
  "a replay gives the accounts of a moment, of the bank and of a bundle",
  async () => {
    for (const source of [[], [path("bundle")]]) {
      const replayed =
        source.length === 0
          ? await auditor.audit("replay", "--at", between)
          : await auditAlone("replay", ...source, "--at", between);
      expect(replayed).toMatchObject({ code: 0 });
      expect(replayed.out).toContain(`${2 + DEPOSITS} events up to ${between}, 2 accounts`);
      expect(replayed.out).toMatch(new RegExp(`${accounts[0]} +open +600.00 EUR`));
    }
    const out = path("accounts.ndjson");
    const now = new Date().toISOString();
    await auditAlone("replay", path("bundle"), "--at", now, "--out", out);
    const shown = await Promise.all(
      accounts.map(async (id) => (await ada.get(`/v1/accounts/${id}`)).json()),
    );
    const replayed = readFileSync(out, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(replayed).toEqual(shown);
    const missing = await auditAlone(
      "replay",
      path("bundle"),
      "--at",
      between,
      "--account",
      "none",
    );
    expect(missing.code).toBe(1);
    expect(missing.err).toContain(`There was no account none at ${between}.
`);
  },
  TIMEOUT_MS,
);

test(
  "read tables that are not the fold of the log are told, row by row",
  async () => {
    const clean = await auditor.audit("diff", "--transactions");
    expect(clean).toMatchObject({ code: 0 });
    expect(clean.out).toContain(`2 accounts and ${DEPOSITS + 42} transactions compared`);
    const client = new pg.Client(urlFor(bank.system.server, "countinghouse_projector", "query"));
    await client.connect();
    const change = (sign: string) => {
      const balance = `UPDATE read.accounts SET balance_minor = balance_minor ${sign} 1`;
      const amount = `UPDATE read.entries SET amount_minor = amount_minor ${sign} 1`;
      return client.query(`${balance} WHERE account_id = '${accounts[1]}';
      ${amount} WHERE account_id = '${accounts[0]}' AND version = 7`);
    };
    await change("+");
    const planted = await auditor.audit("diff", "--transactions");
    await change("-");
    await client.end();
    expect(planted).toMatchObject({ code: 1 });
    expect(planted.out).toMatch(new RegExp(`account ${accounts[1]}: balance`));
    const amount = "amount is shown as 1.01 EUR, the log has 1.00 EUR";
    expect(planted.out).toContain(`account ${accounts[0]}, version 7: ${amount}`);
    expect(planted.err).toContain("2 differences");
  },
  TIMEOUT_MS,
);

test(
  "a receipt is genuine, or worthless with one byte changed",
  async () => {
    const history = await ada.get(`/v1/accounts/${accounts[0]}/transactions?limit=1`);
    const { items } = (await history.json()) as { items: { transactionId: string }[] };
    const id = items[0]?.transactionId;
    const receipt = await ada.get(`/v1/accounts/${accounts[0]}/transactions/${id}/receipt`);
    const text = await receipt.text();
    writeFileSync(path("receipt.json"), text);
    const { verifierKey } = JSON.parse(text) as { verifierKey: string };
    const genuine = await auditAlone(
      "receipt",
      "verify",
      path("receipt.json"),
      "--key",
      verifierKey,
    );
    expect(genuine).toMatchObject({ code: 0 });
    expect(genuine.out).toContain("GENUINE");
    const WRONG: [string, string, string][] = [
      ["amount", text.replace('"2.50"', '"9.50"'), "the event is not what was sealed"],
      ["format", text.replace("receipt/v1", "receipt/v2"), "not a receipt"],
      ["cut", text.slice(0, 100), "not a receipt"],
      ["signature", text.replace(/.{8}\\n",/, 'AAAAAAA=\\n",'), "the checkpoint is not signed"],
      [
        "position",
        text.replace(/"position":\d+/, '"position":1'),
        "the proof is of another position",
      ],
    ];
    for (const [name, changed, reason] of WRONG) {
      writeFileSync(path("worthless"), changed);
      const found = await auditAlone("receipt", "verify", path("worthless"));
      expect(found, name).toMatchObject({ code: 1, out: "" });
      expect(found.err, name).toContain(`WORTHLESS: ${reason}`);
    }
  },
  TIMEOUT_MS,
);

const REFUSED: [args: string[], says: string][] = [
  [["verify", "/nowhere"], "There is no bundle in /nowhere."],
  [["verify"], "missing required argument"],
  [["verify", ".", "--against", "/nowhere"], "there is no such file"],
  [["verify", ".", "--key", "/etc/hostname"], "is no verifier key"],
  [["export", "/tmp/x"], "No system is running with /nowhere"],
  [["export", "/tmp/x", "--url", "nonsense"], "nonsense is no URL"],
  [["export", "/tmp/x", "--ledger", "0"], "The number of a ledger is needed."],
  [["replay", "/nowhere", "--at", "yesterday"], "A moment with its time zone is needed"],
  [["replay", "/nowhere", "--at", "2026-01-01"], "There is no bundle in /nowhere."],
  [["receipt", "verify", "/nowhere"], "there is no such file"],
  [["watch", "--every", "0"], "Seconds above zero are needed."],
  [["watch", "--url", "http://127.0.0.1:1", "--once"], "does not answer"],
];

test.each(REFUSED)("audit %j is refused in a sentence", async (args, says) => {
  const { code, err } = await auditAlone(...args);
  expect(code).toBe(1);
  expect(err).toContain(says);
  expect(err).not.toMatch(/ at .*\.ts:\d+/);
});

test("without the login of an auditor nothing is exported", async () => {
  const nobody = await auditAlone("export", path("none"), "--url", bank.url);
  expect(nobody).toMatchObject({ code: 1 });
  expect(nobody.err).toContain("An auditor's login is needed");
  const wrong = await auditor.audit("export", path("bundle"), "--ledger", "77");
  expect(wrong.err).toContain("has no ledger 77");
  const full = await auditor.audit("export", folder);
  expect(full.err).toContain("has other files in it");
});

test(
  "a watch says that the log is sound, and remembers what it saw",
  async () => {
    const state = ["--state", path("state"), "--once"];
    const first = await auditor.audit("watch", ...state);
    expect(first).toMatchObject({ code: 0 });
    expect(first.out).toContain(`sound: ${EVENTS + 2} events`);
    const second = await auditor.audit("watch", ...state);
    expect(second.out).toContain(`all ${EVENTS + 2} events read again`);
    expect(second.code).toBe(0);
  },
  TIMEOUT_MS,
);

test("help names every command and what it is for", async () => {
  const { out, code } = await auditAlone("--help");
  expect(code).toBe(0);
  for (const name of ["export", "verify", "replay", "diff", "receipt", "watch"]) {
    expect(out).toMatch(new RegExp(`^  ${name} `, "m"));
  }
});
