// What stands in a federation's document, and what it must look like: keys and records come from any peer, so they are read
// with suspicion and what is wrong is left out.
//
//   settings     register     FederationSettings, creator
//   updates      map          round/participant/digest        { examples, encoding, base, bytes }
//   closings     map          round/closer                    { digests }
//   checkpoints  map          round                           { digest, bytes }
//   chunks       map          digest/index                    bytes, UPDATE_CHUNK_BYTES each but the last
//
// A digest is SHA-256 over the record's head and the payload, so a record that says anything else is another update.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { MODEL_ROWS_MAX } from "../limits.ts";
import type { Handles } from "../replica/schema.ts";
import { map, register, schema } from "../replica/schema.ts";
import type { Value } from "../wire/value.ts";
import type { FederationSettings } from "./settings.ts";
import { isExamples } from "./settings.ts";
import { UPDATE_ENCODINGS, type UpdateEncoding, updateBytesMax } from "./update-codec.ts";

export const FederationSchema = schema({
  settings: register<Value>(),
  updates: map<Record<string, Value>>(),
  closings: map<Record<string, Value>>(),
  checkpoints: map<Record<string, Value>>(),
  chunks: map<Record<string, Value>>(),
});
export type FederationHandles = Handles<typeof FederationSchema>;

export interface UpdateRecord {
  readonly round: number;
  readonly participant: string;
  /** 64 hexadecimal digits. */
  readonly digest: string;
  readonly examples: number;
  readonly encoding: UpdateEncoding;
  /** The digest of the model it was made from. */
  readonly base: string;
  readonly bytes: number;
}

export interface ClosingRecord {
  readonly round: number;
  readonly closer: string;
  readonly digests: readonly string[];
}

const DIGEST = /^[0-9a-f]{64}$/;
const PARTICIPANT = /^[\w.-]{1,64}$/;
const ROUND = /^[1-9][0-9]{0,8}$/;
const encoder = new TextEncoder();

export const isParticipant = (name: string): boolean => PARTICIPANT.test(name);
export const updateKey = ({ round, participant, digest }: UpdateRecord): string =>
  `${round}/${participant}/${digest}`;
export const closingKey = (round: number, closer: string): string => `${round}/${closer}`;
export const chunkKey = (digest: string, index: number): string => `${digest}/${index}`;

export type UpdateHead = Omit<UpdateRecord, "digest" | "bytes">;

export function updateDigest(head: UpdateHead, payload: Uint8Array): string {
  const text = `update\n${head.round}\n${head.participant}\n${head.examples}\n${head.encoding}\n${head.base}\n`;
  return bytesToHex(sha256.create().update(encoder.encode(text)).update(payload).digest());
}

export function stateDigest(round: number, payload: Uint8Array): string {
  return bytesToHex(
    sha256
      .create()
      .update(encoder.encode(`state\n${round}\n`))
      .update(payload)
      .digest(),
  );
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};

/** Undefined for what is no record of an update that these settings allow. */
export function readUpdate(key: string, value: unknown, updateLength: number): UpdateRecord | undefined {
  const [round = "", participant = "", digest = "", ...rest] = key.split("/");
  const { examples, encoding, base, bytes } = fieldsOf(value);
  const known = UPDATE_ENCODINGS.find((name) => name === encoding);
  const isKey = rest.length === 0 && ROUND.test(round) && isParticipant(participant) && DIGEST.test(digest);
  if (!isKey || known === undefined || !isExamples(examples)) return undefined;
  if (typeof base !== "string" || !DIGEST.test(base)) return undefined;
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 1) return undefined;
  if (bytes > updateBytesMax(known, updateLength)) return undefined;
  return { round: Number(round), participant, digest, examples, encoding: known, base, bytes };
}

/** Undefined for what is no closing record. */
export function readClosing(key: string, value: unknown): ClosingRecord | undefined {
  const [round = "", closer = "", ...rest] = key.split("/");
  const { digests } = fieldsOf(value);
  if (rest.length > 0 || !ROUND.test(round) || !isParticipant(closer) || !Array.isArray(digests))
    return undefined;
  if (digests.length > MODEL_ROWS_MAX) return undefined;
  if (!digests.every((digest) => typeof digest === "string" && DIGEST.test(digest))) return undefined;
  return { round: Number(round), closer, digests: [...new Set<string>(digests)].sort() };
}

export function readCheckpoint(
  key: string,
  value: unknown,
  bytesWanted: number,
): { round: number; digest: string; bytes: number } | undefined {
  const { digest, bytes } = fieldsOf(value);
  if (key !== "0" && !ROUND.test(key)) return undefined;
  if (typeof digest !== "string" || !DIGEST.test(digest) || bytes !== bytesWanted) return undefined;
  return { round: Number(key), digest, bytes: bytesWanted };
}

/** The settings and who made them; undefined for what is neither. Whoever calls checks the settings themselves. */
export function readSettings(value: unknown): { settings: FederationSettings; creator: string } | undefined {
  const { creator, ...settings } = fieldsOf(value);
  if (typeof creator !== "string" || !isParticipant(creator)) return undefined;
  return { settings: settings as unknown as FederationSettings, creator };
}
