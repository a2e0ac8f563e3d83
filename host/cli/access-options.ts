// Options about who may come in: those of a relay (whom it trusts, TLS) and those of whoever connects (token, authority).
// Secrets come from files or from the environment, never from the command line, where every user of the machine sees
// them.

import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { CrdtError } from "../errors.ts";
import type { ConnectOptions } from "../index.ts";
import type { RelayOptions } from "../relay.ts";

const TOKEN_VARIABLE = "JARVIS_TOKEN";

export interface ClientAccess {
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
}

/** Options of a command that connects to a relay. */
export function withClientAccess(command: Command): Command {
  return command
    .option("--token-file <file>", `what a guarded relay asks for (or the variable ${TOKEN_VARIABLE})`)
    .option("--ca <file>", "authority to trust for wss:// addresses, PEM")
    .option("--client-cert <file>", "certificate to show to a relay that asks for one, PEM")
    .option("--client-key <file>", "its key, PEM");
}

/** The token file is read again at each connect and before the token in it expires: whoever renews it writes it anew. */
export async function connectOptionsOf(options: ClientAccess): Promise<ConnectOptions> {
  const { tokenFile } = options;
  const fromEnvironment = process.env[TOKEN_VARIABLE];
  const credential = tokenFile === undefined ? fromEnvironment : async () => (await text(tokenFile)).trim();
  const tls = {
    ...(options.ca !== undefined && { ca: await text(options.ca) }),
    ...(options.clientCert !== undefined && { cert: await text(options.clientCert) }),
    ...(options.clientKey !== undefined && { key: await text(options.clientKey) }),
  };
  return {
    ...(credential !== undefined && { credential }),
    ...(Object.keys(tls).length > 0 && { tls }),
  };
}

export interface DoorAccess {
  readonly trust?: readonly string[];
  readonly tlsKey?: string;
  readonly tlsCert?: string;
  readonly clientCa?: string;
  readonly insecure?: boolean;
}

/** Options of a command that lets others connect. */
export function withDoorAccess(command: Command): Command {
  return command
    .option("--trust <file...>", "let in whoever has a token signed with one of these keys (jarvis token)")
    .option("--tls-key <file>", "speak TLS with this key, PEM")
    .option("--tls-cert <file>", "and this certificate, PEM")
    .option("--client-ca <file>", "let in only whoever has a certificate of this authority, PEM")
    .option("--insecure", "listen beyond this machine although everybody may read and write", false);
}

/** What the relay is told. Errors: invalid-option. */
export async function doorOf(options: DoorAccess): Promise<Pick<RelayOptions, "guard" | "tls" | "insecure">> {
  const { trust, tlsKey, tlsCert, clientCa, insecure = false } = options;
  if ((tlsKey === undefined) !== (tlsCert === undefined)) {
    throw new CrdtError("invalid-option", "--tls-key and --tls-cert go together: give both");
  }
  if (clientCa !== undefined && tlsKey === undefined) {
    throw new CrdtError("invalid-option", "--client-ca needs TLS: give --tls-key and --tls-cert too");
  }
  const tls =
    tlsKey === undefined || tlsCert === undefined
      ? {}
      : {
          tls: {
            key: await text(tlsKey),
            cert: await text(tlsCert),
            ...(clientCa !== undefined && { clientCa: await text(clientCa) }),
          },
        };
  return { insecure, ...tls, ...(trust !== undefined && { guard: await guardTrusting(trust) }) };
}

async function guardTrusting(files: readonly string[]): Promise<NonNullable<RelayOptions["guard"]>> {
  const { parseVerifyingKey, tokenGuard } = await import("../access/index.ts");
  return tokenGuard({
    keys: await Promise.all(files.map(async (file) => parseVerifyingKey(await text(file)))),
  });
}

async function text(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new CrdtError("invalid-option", `"${file}" cannot be read: give the path of a file`, {
      cause: error,
    });
  }
}
