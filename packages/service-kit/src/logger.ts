import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

export interface LogConfig {
  readonly LOG_LEVEL: string;
  /** Where to append the lines; standard output when absent. */
  readonly LOG_FILE?: string;
}

/** Lines go out together: when so many bytes have gathered, or after so many milliseconds. */
const GATHERED = { minLength: 4_096, periodicFlush: 100 };
/** Lines that wait for a place that takes none are thrown away beyond so many bytes. */
const WAITING_BYTES_MAX = 1024 * 1024;

/**
 * A logger of JSON lines. Objects are logged only by the allow-lists below: whatever else is in an
 * error (a driver's `detail` carries values of rows) never reaches a log.
 */
export function createLogger(
  service: string,
  { LOG_LEVEL: level, LOG_FILE }: LogConfig,
  destination?: DestinationStream,
): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
  };
  if (destination !== undefined) return pino(options, destination);
  const dest = LOG_FILE ?? process.stdout.fd;
  const place = { dest, append: true, sync: false, maxLength: WAITING_BYTES_MAX };
  const lines = pino.destination({ ...place, ...GATHERED });
  goOnWithoutRoom(lines);
  return pino(options, lines);
}

/**
 * A full disk ends no service: lines are tried again with the next ones. Nor does it keep one from
 * ending, whose last lines would else be tried again for ever.
 */
function goOnWithoutRoom(lines: ReturnType<typeof pino.destination>): void {
  let hasRoom = true;
  lines.on("error", () => {
    hasRoom = false;
  });
  lines.on("write", () => {
    hasRoom = true;
  });
  const flushSync = lines.flushSync.bind(lines);
  lines.flushSync = () => {
    if (hasRoom) flushSync();
  };
}

const SHOWN = ["code", "severity", "constraint", "table", "routine", "errno", "syscall"] as const;

/** What a log shows of an error: kind, codes, frames; no message that a database wrote. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const facts = error as Error & Record<string, unknown>;
  const isFromDatabase = facts.severity !== undefined;
  const shown = SHOWN.filter((name) => facts[name] !== undefined).map((name) => [
    name,
    facts[name],
  ]);
  return {
    type: error.name,
    ...(!isFromDatabase && { message: error.message }),
    ...Object.fromEntries(shown),
    frames: error.stack?.split("\n").filter((line) => line.startsWith("    at ")),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  };
}
