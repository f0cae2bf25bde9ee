import { randomUUID } from "node:crypto";
import { CliError } from "../cli-error.ts";

/** One request of the demo, as a person would say it. */
interface Ask {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** Whose token goes along: the name of a shell variable that an earlier step set. */
  readonly as?: string;
  readonly body?: object;
  /** The Idempotency-Key of a command. */
  readonly key?: string;
  /** See at least what the command that answered this token did. */
  readonly after?: string;
  /** The form of the answer, where there are several. */
  readonly accept?: string;
  /** The status that the demo expects; another one ends it. */
  readonly status: number;
}

interface Told {
  readonly body: Record<string, never>;
  readonly token: string;
}

/** Tells a story of requests: prints each as a `curl` to paste, then its answer. */
export interface Teller {
  chapter(title: string): void;
  ask(request: Ask): Promise<Told>;
  /** Sets a shell variable, as the reader of the printed lines would. */
  set(name: string, value: string): void;
  say(text: string): void;
}

export function createTeller(baseUrl: string, write: (text: string) => void): Teller {
  const variables = new Map<string, string>();
  let chapters = 0;
  return {
    chapter(title) {
      chapters += 1;
      write(`\n# ${chapters}. ${title}\n`);
    },
    say: (text) => write(`${text}\n`),
    set(name, value) {
      variables.set(name, value);
      write(`${name}='${value}'\n`);
    },
    async ask(request) {
      write(curlOf(baseUrl, request));
      const response = await send(baseUrl, request, variables.get(request.as ?? "") ?? "");
      const text = await response.text();
      const replayed = response.headers.get("idempotency-replayed");
      const notes = replayed === null ? "" : ` (Idempotency-Replayed: ${replayed})`;
      write(`→ ${response.status}${notes}\n${shown(text)}\n`);
      if (response.status !== request.status) {
        throw new CliError(`The answer should have been ${request.status}.`);
      }
      const isJson = response.headers.get("content-type")?.includes("json;") ?? false;
      const token = response.headers.get("consistency-token") ?? "";
      return { body: isJson ? JSON.parse(text) : {}, token };
    },
  };
}

/** A key that no earlier run of the demo has used. */
export function newKey(what: string): string {
  return `${what}-${randomUUID().slice(0, 8)}`;
}

function send(baseUrl: string, request: Ask, token: string): Promise<Response> {
  const { method = "GET", path, as, body, key, after, accept } = request;
  return fetch(baseUrl + path, {
    method,
    headers: {
      ...(as !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(key !== undefined && { "idempotency-key": key }),
      ...(after !== undefined && { "consistency-token": after }),
      ...(accept !== undefined && { accept }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new CliError(`${baseUrl} does not answer; is the system running?`, { cause });
  });
}

/** The request as a command line; bodies have no single quote, so that none needs escaping. */
function curlOf(baseUrl: string, request: Ask): string {
  const { method = "GET", path, as, body, key, after, accept } = request;
  const headers = [
    ...(as === undefined ? [] : [`-H "authorization: Bearer $${as}"`]),
    ...(key === undefined ? [] : [`-H 'idempotency-key: ${key}'`]),
    ...(after === undefined ? [] : [`-H 'consistency-token: ${after}'`]),
    ...(accept === undefined ? [] : [`-H 'accept: ${accept}'`]),
    ...(body === undefined ? [] : ["-H 'content-type: application/json'"]),
  ];
  const data = body === undefined ? [] : [`-d '${JSON.stringify(body)}'`];
  const verb = method === "GET" ? "" : `-X ${method} `;
  return `${[`curl -s ${verb}'${baseUrl}${path}'`, ...headers, ...data].join(" \\\n  ")}\n`;
}

function shown(text: string): string {
  const lines = text.trim().split("\n");
  return lines.map((line) => (line === "" ? "" : pretty(line))).join("\n");
}

function pretty(line: string): string {
  try {
    return JSON.stringify(JSON.parse(line), null, 2);
  } catch {
    return line;
  }
}
