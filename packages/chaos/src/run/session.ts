import { type Load, openLoad } from "../load/load.ts";
import { startWatch, type Watch } from "../load/watch.ts";
import { type BankOptions, type BrokenBank, openBank } from "../system/open-system.ts";
import { openProbe, type Probe } from "./probe.ts";

/** A bank under load, and all that looks at it. */
export interface Session {
  readonly bank: BrokenBank;
  readonly load: Load;
  readonly watch: Watch;
  readonly probe: Probe;
  close(): Promise<void>;
}

/** Starts the bank and makes its people; the load has yet to begin. */
export async function openSession(options: BankOptions, clients: number): Promise<Session> {
  const { random } = options;
  const bank = await openBank(options);
  try {
    const load = await openLoad(bank.url, clients, random);
    const [first] = load.customers;
    if (first === undefined) throw new Error("there is no customer");
    const probe = await openProbe(bank);
    const watch = startWatch(bank.url, first, random);
    return {
      ...{ bank, load, watch, probe },
      async close() {
        await load.pause();
        await watch.stop();
        await bank.close();
      },
    };
  } catch (error) {
    await bank.close();
    throw error;
  }
}
