/** What rows of operations share: who may call, and how commands and queries are asked. */

export const command = {
  service: "command",
  method: "POST",
  command: true,
  refusals: [404, 422],
} as const;

export const query = { service: "query", method: "GET", consistent: true } as const;

export const servesCustomers = { own: ["customer"], any: ["teller"] } as const;

export const readers = {
  own: ["customer"],
  any: ["teller", "auditor", "fraud_analyst", "admin"],
} as const;
