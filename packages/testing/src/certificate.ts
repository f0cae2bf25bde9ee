import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "selfsigned";

/** A certificate of 127.0.0.1 for tests: its files, and what a client has to trust. */
export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly ca: string;
}

/** Writes a new key and a certificate of it into the folder; the same files again replace it. */
export async function newCertificate(
  folder: string,
  { notBeforeDate = new Date(), notAfterDate = new Date(Date.now() + 86_400_000) } = {},
): Promise<TestCertificate> {
  const made = await generate([{ name: "commonName", value: "127.0.0.1" }], {
    ...{ keyType: "ec", algorithm: "sha256", notBeforeDate, notAfterDate },
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
    ],
  });
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  writeFileSync(keyFile, made.private, { mode: 0o600 });
  writeFileSync(certFile, made.cert);
  return { certFile, keyFile, ca: made.cert };
}
