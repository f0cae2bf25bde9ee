import Type from "typebox";
import { Cursor, Limit, strict } from "../schemas/primitives.ts";
import { Schedule, Scheduled, Schedules, Scheduling } from "../schemas/schedules.ts";
import { readers, servesCustomers } from "./common.ts";
import type { Operation } from "./operation.ts";

const common = { service: "command", tag: "Scheduled transfers" } as const;
const change = {
  ...common,
  command: true,
  access: servesCustomers,
} as const;
/** Answered from the log itself, so what was acknowledged is seen with and without a token. */
const read = {
  ...common,
  method: "GET",
  consistent: true,
  access: readers,
} as const;

export const scheduleOperations = {
  scheduleTransfer: {
    ...change,
    method: "POST",
    path: "/v1/scheduled-transfers",
    summary: "Order a transfer for a day, or for one day after another",
    body: Scheduling,
    answers: { 201: Scheduled },
    refusals: [404, 422],
  },
  listSchedules: {
    ...read,
    path: "/v1/scheduled-transfers",
    summary: "Scheduled transfers, the caller's own or for staff all",
    query: strict({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }),
    answers: { 200: Schedules },
  },
  getSchedule: {
    ...read,
    path: "/v1/scheduled-transfers/{scheduleId}",
    summary: "One schedule with its occurrences",
    answers: { 200: Schedule },
    refusals: [404],
  },
  cancelSchedule: {
    ...change,
    method: "DELETE",
    path: "/v1/scheduled-transfers/{scheduleId}",
    summary: "Cancel what is left of a schedule",
    answers: { 204: null },
    refusals: [404, 422],
  },
} as const satisfies Record<string, Operation>;
