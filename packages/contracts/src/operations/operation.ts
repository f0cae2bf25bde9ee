import type { Static, TObject, TSchema } from "typebox";
import type { Access, ServiceName } from "../roles.ts";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** One HTTP operation: a row of the table that routes, checks, documentation and clients share. */
export interface Operation {
  readonly method: Method;
  /**
   * With parameters in braces, UUIDs unless `params` says else: `/v1/accounts/{accountId}`. One at
   * the end that begins with `+` takes the rest of the path, slashes and all, as it is.
   */
  readonly path: string;
  /** The parameters of the path that are no UUIDs; what does not fit is malformed, not absent. */
  readonly params?: Readonly<Record<string, TSchema>>;
  readonly service: ServiceName;
  readonly access: Access;
  readonly tag: string;
  readonly summary: string;
  readonly query?: TObject;
  /** Absent: the operation takes no body. */
  readonly body?: TObject;
  /** How many bytes the body may have, where that is not the usual number. */
  readonly bodyBytes?: number;
  /** Success statuses with their JSON schema; null for no content. */
  readonly answers: Readonly<Record<number, TSchema | null>>;
  /** The media type of the success answer where it is not JSON. */
  readonly mediaType?: string;
  /** Further media types that the success answer has, by the Accept header. */
  readonly otherMediaTypes?: readonly string[];
  /** Statuses of problems beyond those that every operation of its kind has. */
  readonly refusals?: readonly number[];
  /** A command: needs an Idempotency-Key, answers a Consistency-Token. */
  readonly command?: true;
  /** A query that honours Consistency-Token. */
  readonly consistent?: true;
  /** Its answer may stay open for long. */
  readonly open?: true;
  /** Its answer goes on after the event that Last-Event-ID names. */
  readonly resumable?: true;
}

/** Whether a body may be left out, since it may be without members. */
export function isAllOptional({ required = [] }: { readonly required?: readonly string[] }) {
  return required.length === 0;
}

/** The names in braces of a path. */
export type ParamNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `+${infer Tail}` ? Tail : Name) | ParamNames<Rest>
  : never;

export type ParamsOf<Op extends Operation> = { readonly [Name in ParamNames<Op["path"]>]: string };

export type QueryOf<Op extends Operation> = Op["query"] extends TObject
  ? Static<Op["query"]>
  : Record<string, never>;

export type BodyOf<Op extends Operation> = Op["body"] extends TObject
  ? Static<Op["body"]>
  : undefined;

/** The success bodies that an operation declares. */
export type AnswerBodyOf<Op extends Operation> = {
  [Status in keyof Op["answers"]]: Op["answers"][Status] extends TSchema
    ? Static<Op["answers"][Status]>
    : undefined;
}[keyof Op["answers"]];
