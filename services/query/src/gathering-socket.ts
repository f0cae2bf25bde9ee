import { Socket } from "node:net";

/**
 * Sends what is written in one turn of the event loop together: for whoever writes many small
 * messages, most of the time goes into handing each to the kernel.
 */
export class GatheringSocket extends Socket {
  #isGathering = false;

  override write(...args: unknown[]): boolean {
    this.#gather();
    return super.write(...(args as Parameters<Socket["write"]>));
  }

  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.cork();
    setImmediate(() => {
      this.#isGathering = false;
      this.uncork();
    });
  }
}
