const WHOLE_RANGE = /^ *([\w!#$&^.+*-]+\/[\w!#$&^.+*-]+) *(;.*)?$/;
const QUALITY = /; *q=([01](?:\.[0-9]{0,3})?) *(?:;|$)/i;

/**
 * Whether an Accept header (RFC 9110 §12.5.1) lets a media type through: of the ranges that fit it
 * the most exact one decides. Parameters other than the quality are not looked at.
 */
export function isAcceptable(accept: string | undefined, mediaType: string): boolean {
  return qualityOf(accept, mediaType) > 0;
}

/** The media type that an Accept header prefers; of several it likes as much, the first. */
export function preferredType<T extends string>(
  accept: string | undefined,
  types: readonly [T, ...T[]],
): T {
  const qualities = types.map((type) => qualityOf(accept, type));
  return types[qualities.indexOf(Math.max(...qualities))] ?? types[0];
}

function qualityOf(accept: string | undefined, mediaType: string): number {
  if (accept === undefined || accept.trim() === "") return 1;
  const qualities = new Map<string, number>();
  for (const item of accept.toLowerCase().split(",")) {
    const [, range, parameters = ""] = WHOLE_RANGE.exec(item) ?? [];
    if (range !== undefined) qualities.set(range, Number(QUALITY.exec(parameters)?.[1] ?? 1));
  }
  const fitting = [mediaType, `${mediaType.split("/", 1)[0]}/*`, "*/*"];
  const decisive = fitting.find((range) => qualities.has(range));
  return decisive === undefined ? 0 : (qualities.get(decisive) ?? 0);
}
