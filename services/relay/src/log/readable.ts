import { Readable } from "node:stream";

/** No piece is made while this much of an answer waits for its reader. */
const BUFFER_BYTES = 64 * 1024;

/**
 * One piece ahead of its reader and no more. `onEnd` is called as soon as the reader has gone, not
 * when the next piece comes: that may take for ever.
 */
export function readable(
  pieces: AsyncIterable<string>,
  onEnd: () => void = () => undefined,
): Readable {
  const iterator = pieces[Symbol.asyncIterator]();
  return new Readable({
    highWaterMark: BUFFER_BYTES,
    read() {
      iterator.next().then(
        ({ done, value }) => this.push(done ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      onEnd();
      iterator.return?.().catch(() => undefined);
      done(error);
    },
  });
}
