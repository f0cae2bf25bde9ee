import { Readable } from "node:stream";

/** What waits in a stream for its reader; beyond it nothing more is read for that stream. */
const BUFFER_BYTES = 16 * 1024;

/** Why a stream ends before its reader hangs up. */
export type EndReason = "closing" | "too_slow";

/** Who reads a stream, of which account, and from where on. */
export interface Place {
  readonly accountId: string;
  readonly currency: string;
  readonly userId: string;
  /** The version of the last transaction that the reader has. */
  readonly after: number;
}

/** One open stream: how far it is, and whether its reader takes more. */
export class Seat {
  readonly place: Place;
  readonly feed: Readable;
  after: number;
  /** When the reader stopped taking what is there, on the clock of `performance`. */
  fullSinceMs: number | undefined;
  /** Nothing more can be given. */
  isOver = false;

  constructor(place: Place, onRoom: () => void, onLeave: () => void) {
    this.place = place;
    this.after = place.after;
    this.feed = new Readable({
      highWaterMark: BUFFER_BYTES,
      read: () => {
        if (this.fullSinceMs === undefined) return;
        this.fullSinceMs = undefined;
        onRoom();
      },
      destroy: (error, done) => {
        this.isOver = true;
        onLeave();
        done(error);
      },
    });
  }

  /** Gives the reader a text. When it is full nothing more should be given until it has room. */
  give(text: string): void {
    if (!this.feed.push(text)) this.fullSinceMs ??= performance.now();
  }

  /** Says why and ends; a reader that does not take even that is cut off after a while. */
  end(reason: EndReason, cutOffMs: number): void {
    this.isOver = true;
    this.feed.push(`event: end\ndata: {"reason":"${reason}"}\n\n`);
    this.feed.push(null);
    const timer = setTimeout(() => this.feed.destroy(), cutOffMs);
    this.feed.once("close", () => clearTimeout(timer));
  }
}
