import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, unwatchFile, watchFile } from "node:fs";
import type { Server } from "node:https";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { Logger, Metrics } from "@countinghouse/service-kit";
import type { FastifyInstance } from "fastify";

/** How often the files of the certificate are looked at. */
const LOOK_EVERY_MS = 1_000;

/** Where the certificate, with its chain, and its private key are. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Throws an Error whose message says what is wrong with the files, and shows nothing of them. */
export function readCertificate({ certFile, keyFile }: CertificateFiles): SecureContextOptions {
  const cert = read(certFile, "TLS_CERT_FILE");
  const key = read(keyFile, "TLS_KEY_FILE");
  const first = attempt(() => new X509Certificate(cert), "TLS_CERT_FILE holds no certificate");
  const own = attempt(() => createPrivateKey(key), "TLS_KEY_FILE holds no private key");
  if (!first.checkPrivateKey(own)) {
    throw new Error("TLS_KEY_FILE is not the key of the certificate in TLS_CERT_FILE");
  }
  if (first.validToDate.getTime() <= Date.now()) {
    throw new Error("TLS_CERT_FILE holds a certificate that has ended");
  }
  const options = { cert, key, minVersion: "TLSv1.2" } as const;
  attempt(() => createSecureContext(options), "TLS_CERT_FILE holds a certificate of no use");
  return options;
}

/**
 * Takes a new certificate into use once its files have changed; connections that are open keep the
 * old one. Files that are no good, or changed one after the other, leave the old one in use.
 */
export function followCertificate(
  app: FastifyInstance,
  files: CertificateFiles,
  logger: Logger,
  metrics: Metrics,
): void {
  const server = app.server as unknown as Server;
  const failures = metrics.counter("tls_handshake_failures_total", "Handshakes that failed");
  server.on("tlsClientError", (err) => {
    failures.inc();
    logger.debug({ err }, "no TLS with a client");
  });
  const ends = metrics.gauge("tls_certificate_ends_seconds", "When the certificate ends");
  ends.set(endOf(readCertificate(files)));
  const renew = () => {
    try {
      const options = readCertificate(files);
      server.setSecureContext(options);
      ends.set(endOf(options));
      logger.info("another certificate is in use");
    } catch (err) {
      logger.warn({ err }, "the old certificate stays in use");
    }
  };
  const watched = [files.certFile, files.keyFile];
  for (const file of watched) {
    watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, renew);
  }
  app.closing.addEventListener("abort", () => {
    for (const file of watched) unwatchFile(file, renew);
  });
}

function endOf({ cert }: SecureContextOptions): number {
  return new X509Certificate(cert as Buffer).validToDate.getTime() / 1000;
}

function read(file: string, name: string): Buffer {
  return attempt(() => readFileSync(file), `${name} names a file that cannot be read`);
}

function attempt<T>(work: () => T, message: string): T {
  try {
    return work();
  } catch (cause) {
    throw new Error(message, { cause });
  }
}
