// Names on the NATS server: 64 streams a prefix, one subject a document below its shard, and beside the streams one
// subject a document for version vectors and one a relay for questions. The shard is the document's name hashed by XXH32.
// Names of documents are escaped, so that no document can reach into another subject.
import { CrdtError } from "../errors.ts";
import { BACKBONE_SHARDS } from "../limits.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import { xxhash32 } from "../wire/xxhash32.ts";

const PREFIX = /^[A-Za-z0-9_-]{1,32}$/;
const PLAIN = /[A-Za-z0-9_-]/;

const encoder = new TextEncoder();

/** Which of the shard streams carries a document. */
export function shardOf(document: string): number {
  return xxhash32(encoder.encode(document), 0) % BACKBONE_SHARDS;
}

/** A document's name as one token of a subject: letters, digits, `_` and `-` as they are, other bytes as `=2F`. */
export function encodeDocument(document: string): string {
  let token = "";
  for (const byte of encoder.encode(document)) {
    const letter = String.fromCharCode(byte);
    token += PLAIN.test(letter) ? letter : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return token;
}

export class Subjects {
  readonly prefix: string;

  /** Errors: invalid-argument. */
  constructor(prefix: string) {
    if (!PREFIX.test(prefix)) {
      throw new CrdtError(
        "invalid-argument",
        `backbone prefix ${JSON.stringify(prefix)}: give 1 to 32 letters, digits, _ or -`,
      );
    }
    this.prefix = prefix;
  }

  streamOf(shard: number): string {
    return `jarvis-${this.prefix}-${shard}`;
  }

  /** Every subject of a shard stream. */
  allOf(shard: number): string {
    return `jarvis.${this.prefix}.${shard}.*`;
  }

  deltasOf(document: string): string {
    return `jarvis.${this.prefix}.${shardOf(document)}.${encodeDocument(document)}`;
  }

  vectorsOf(document: string): string {
    return `jarvis.${this.prefix}.vector.${encodeDocument(document)}`;
  }

  questionsTo(relay: ReplicaId): string {
    return `jarvis.${this.prefix}.ask.${relay}`;
  }

  get pointers(): string {
    return `jarvis-${this.prefix}-pointers`;
  }

  get snapshots(): string {
    return `jarvis-${this.prefix}-snapshots`;
  }
}
