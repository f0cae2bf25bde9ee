import { execFile } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type LocalBroker, startLocalBroker } from "./local-broker.ts";

const run = promisify(execFile);

/** A broker that wants TLS and a name at its secure listener, and who may come there. */
export interface SecureBroker {
  readonly broker: LocalBroker;
  /** The authority of its certificate, in PEM. */
  readonly ca: string;
  readonly username: string;
  /** For PLAIN and SCRAM alike. */
  readonly password: string;
}

/** Starts a local broker whose secure listener is at 127.0.0.1, all its files in `folder`. */
export async function startSecureBroker(folder: string): Promise<SecureBroker> {
  const [username, password] = ["bank", "a-password-of-tests"];
  mkdirSync(folder, { recursive: true });
  const keyStore = await makeKeyStore(folder, password);
  const broker = await startLocalBroker(join(folder, "broker"), {
    protocol: "SASL_SSL",
    plain: { [username]: password },
    scram: { [username]: password },
    keyStore,
  });
  return { broker, ca: keyStore.certificate, username, password };
}

/** A key of the broker's own, signed by itself. */
async function makeKeyStore(folder: string, password: string) {
  const [path, file] = [join(folder, "broker.p12"), join(folder, "broker.pem")];
  const store = ["-keystore", path, "-storepass", password, "-alias", "broker"];
  await run("keytool", [
    ...["-genkeypair", ...store, "-storetype", "PKCS12", "-keyalg", "EC", "-validity", "2"],
    ...["-dname", "CN=127.0.0.1", "-ext", "san=ip:127.0.0.1"],
  ]);
  await run("keytool", ["-exportcert", ...store, "-rfc", "-file", file]);
  return { path, password, certificate: readFileSync(file, "utf8") };
}
