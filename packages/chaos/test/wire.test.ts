import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { freePorts } from "@countinghouse/cli";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FAULTS } from "../src/faults/index.ts";
import { scheduleOf } from "../src/run/random.ts";
import { openWire, WHOLE, type Wire } from "../src/system/wire.ts";

const LONG_ENOUGH_MS = 60;
let echo: Server;
let wire: Wire;
const heard: string[] = [];
const ends: Socket[] = [];

beforeEach(async () => {
  heard.length = 0;
  ends.length = 0;
  echo = createServer((socket) => {
    ends.push(socket);
    socket.on("error", () => {});
    socket.on("data", (piece) => {
      heard.push(String(piece));
      socket.write(piece);
    });
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const [port = 0] = await freePorts(1);
  wire = await openWire("test", port, () => 0);
  wire.leadTo([(echo.address() as AddressInfo).port]);
});
afterEach(async () => {
  await wire.close();
  echo.close();
});

async function dial(): Promise<Socket> {
  const socket = connect(wire.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Resolves when the connection has ended, whatever of. */
function ended(socket: Socket): Promise<undefined> {
  return new Promise((done) => socket.once("close", () => done(undefined)));
}

/** What comes back for this text; undefined when the connection ends first. */
async function said(socket: Socket, text: string): Promise<string | undefined> {
  socket.write(text);
  const piece = new Promise<string>((done) => socket.once("data", (text) => done(String(text))));
  return Promise.race([piece, ended(socket)]);
}

test("a whole wire is as if it were not there, and goes past targets that refuse", async () => {
  const [closed = 0] = await freePorts(1);
  wire.leadTo([closed, (echo.address() as AddressInfo).port]);
  for (const text of ["a", "b", "c"]) expect(await said(await dial(), text)).toBe(text);
});

test("a refusing wire resets what is open and takes nobody, until it is mended", async () => {
  const socket = await dial();
  await said(socket, "a");
  const closed = ended(socket);
  await wire.become({ kind: "refusing" });
  await closed;
  await expect(dial()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await wire.become(WHOLE);
  expect(await said(await dial(), "b")).toBe("b");
});

test("a silent wire passes nothing on and loses nothing", async () => {
  const socket = await dial();
  await said(socket, "a");
  await wire.become({ kind: "silent" });
  const answer = said(socket, "b");
  await delay(LONG_ENOUGH_MS);
  expect(heard).toEqual(["a"]);
  await wire.become(WHOLE);
  expect(await answer).toBe("b");
});

test("a losing wire lets the request through, and resets before its answer", async () => {
  await wire.become({ kind: "losing", chance: 1 });
  expect(await said(await dial(), "a")).toBeUndefined();
  expect(heard).toEqual(["a"]);
  expect(wire.lost).toBe(1);
});

test("a cut wire resets whoever comes; a slow one is late and whole", async () => {
  await wire.become({ kind: "cut" });
  const cut = dial().then(
    (socket) => said(socket, "a"),
    () => undefined,
  );
  expect(await cut).toBeUndefined();
  expect(heard).toEqual([]);
  await wire.become({ kind: "slow", ms: 5, lossy: 0 });
  expect(await said(await dial(), "b")).toBe("b");
});

test("where nobody listens at its end nobody listens at its beginning", async () => {
  const socket = await dial();
  await said(socket, "a");
  const { port } = echo.address() as AddressInfo;
  const closed = ended(socket);
  echo.close();
  for (const end of ends) end.destroy();
  await closed;
  await expect(dial()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  echo.listen(port, "127.0.0.1");
  await expect
    .poll(() =>
      dial().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
});

test("a seed has one schedule, and another seed another", () => {
  const stepsOf = (seed: number) => {
    const schedule = scheduleOf(seed, FAULTS);
    const steps = Array.from({ length: 50 }, () => schedule.next().value);
    return steps.map((step) => step && [step.fault.name, step.holdMs, step.restMs, step.seed]);
  };
  expect(stepsOf(7)).toEqual(stepsOf(7));
  expect(stepsOf(7)).not.toEqual(stepsOf(8));
});
