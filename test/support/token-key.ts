import { type DatabaseServer, urlFor } from "@countinghouse/cli";
import { deriveKey, userTokenKey } from "@countinghouse/service-kit";
import pg from "pg";

/** The key of HS256 that signed a token: what only auth and the gateways may have. */
export async function tokenKeyOf(server: DatabaseServer, token: string): Promise<Buffer> {
  const head = Buffer.from(token.split(".")[0] ?? "", "base64url").toString();
  const { kid } = JSON.parse(head) as { kid: string };
  const client = new pg.Client(urlFor(server, "countinghouse_auth", "auth"));
  await client.connect();
  try {
    const text = "SELECT salt FROM auth.token_keys WHERE kid = $1";
    const { rows } = await client.query<{ salt: Buffer }>(text, [kid]);
    const secret = deriveKey(server.secretKey, "auth").toString("base64url");
    const key = userTokenKey(secret, "HS256", rows[0]?.salt ?? Buffer.alloc(0));
    if (key.kid !== kid) throw new Error("not the key of the token");
    return Buffer.from(key.key, "base64url");
  } finally {
    await client.end();
  }
}
