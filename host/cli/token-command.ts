// `jarvis token`: makes keys, and signs tokens that open a relay started with --trust.

import { readFile, writeFile } from "node:fs/promises";
import {
  createSigningKey,
  type GrantRow,
  issueToken,
  parseSigningKey,
  type Right,
  verifyingKeyOf,
} from "../access/index.ts";
import { CrdtError } from "../errors.ts";
import type { Terminal } from "./terminal.ts";

export interface TokenCommandOptions {
  readonly newKey?: string;
  readonly key?: string;
  readonly subject?: string;
  readonly allow?: readonly string[];
  readonly for: number;
}

const KEY_MODE = 0o600;

export async function tokenCommand(options: TokenCommandOptions, terminal: Terminal): Promise<number> {
  if (options.newKey !== undefined) await makeKey(options.newKey, terminal);
  else await makeToken(options, terminal);
  return 0;
}

async function makeKey(file: string, terminal: Terminal): Promise<void> {
  const key = await createSigningKey();
  const publicFile = `${file}.public`;
  await save(file, key);
  await save(publicFile, verifyingKeyOf(key));
  terminal.result({ key: file, public: publicFile, id: key.kid });
  terminal.line(`private  ${file}   signs tokens: keep it`);
  terminal.line(`public   ${publicFile}   for relays: jarvis serve --trust ${publicFile}`);
}

/** Never over a file that is there: what it signed would be worth nothing any more. */
async function save(file: string, key: object): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(key)}\n`, { flag: "wx", mode: KEY_MODE });
  } catch (error) {
    throw new CrdtError("invalid-option", `"${file}" cannot be written: it must not exist yet`, {
      cause: error,
    });
  }
}

async function makeToken(options: TokenCommandOptions, terminal: Terminal): Promise<void> {
  const { key, subject, allow = [] } = options;
  if (key === undefined || subject === undefined || allow.length === 0) {
    throw new CrdtError(
      "invalid-option",
      "a token needs --key, --subject and --allow; --new-key makes a key",
    );
  }
  const signing = parseSigningKey(
    await readFile(key, "utf8").catch((error) => {
      throw new CrdtError("invalid-option", `"${key}" cannot be read: --new-key makes one`, { cause: error });
    }),
  );
  const token = await issueToken(signing, { subject, grants: allow.map(readRow), lifetimeMs: options.for });
  terminal.result({ token });
  terminal.line(token);
}

function readRow(text: string): GrantRow {
  const at = text.lastIndexOf("=");
  if (at < 1) {
    throw new CrdtError("invalid-option", `--allow "${text}": give PATTERN=RIGHT, such as 'team/*=write'`);
  }
  return { pattern: text.slice(0, at), right: text.slice(at + 1) as Right };
}
