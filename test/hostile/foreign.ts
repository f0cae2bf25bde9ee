import { randomUUID } from "node:crypto";
import { type Operation, publicOperations } from "@countinghouse/contracts";
import type { TSchema } from "typebox";

/** A request of a customer that names a thing of somebody else's. */
export interface ForeignRequest {
  readonly name: string;
  readonly method: string;
  /** The path with this id wherever the operation takes one. */
  pathWith(id: string): string;
  readonly body: string | undefined;
  readonly isCommand: boolean;
  /** 404 as for a missing thing, or 403 where customers may not do it at all. */
  readonly status: 403 | 404;
}

/** Every operation that takes an id in its path. */
export function foreignRequests(): ForeignRequest[] {
  const all = Object.entries(publicOperations) as [string, Operation][];
  return all.filter(([, { path }]) => path.includes("{")).map(requestOf);
}

function requestOf([name, operation]: [string, Operation]): ForeignRequest {
  const { method, path, params = {}, body, query, access, command } = operation;
  const isOpen = access === "user" || (typeof access === "object" && "own" in access);
  const search = new URLSearchParams(sampleOf(query) as Record<string, string> | undefined);
  return {
    ...{ name, method },
    pathWith(id) {
      const whole = path.replaceAll(/\{\+?(\w+)\}/g, (_, param: string) => {
        return params[param] === undefined ? id : String(sampleOf(params[param]));
      });
      return search.size > 0 ? `${whole}?${search}` : whole;
    },
    body: body && JSON.stringify(sampleOf(body)),
    isCommand: command === true,
    status: isOpen ? 404 : 403,
  };
}

interface Described {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: unknown[];
  readonly anyOf?: TSchema[];
  readonly items?: TSchema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly format?: string;
  readonly examples?: unknown[];
  readonly required?: string[];
  readonly properties?: Record<string, TSchema>;
}

/** The least that fits a schema. */
function sampleOf(schema: TSchema | undefined): unknown {
  if (schema === undefined) return undefined;
  const is = schema as Described;
  if (is.const !== undefined) return is.const;
  if (is.enum !== undefined) return is.enum[0];
  if (is.anyOf !== undefined) return sampleOf(is.anyOf[0]);
  if (is.examples !== undefined) return is.examples[0];
  if (is.type === "object") {
    const pairs = (is.required ?? []).map((name) => [name, sampleOf(is.properties?.[name])]);
    return Object.fromEntries(pairs);
  }
  if (is.type === "array") return is.minItems ? [sampleOf(is.items)] : [];
  if (is.type === "integer") return is.minimum ?? 1;
  if (is.type === "boolean") return false;
  return "some text";
}

export const NOBODYS = randomUUID();
