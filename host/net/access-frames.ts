// The two frames of access (docs/protocol.md, "Access"): what the connecting side asks, and what it is told it may do.
// Whatever is cut off, too long or out of place is a protocol-error.
import { CREDENTIAL_BYTES_MAX, GRANT_ROWS_MAX } from "../limits.ts";
import type { ByteWriter } from "../wire/byte-writer.ts";
import { type FrameReader, malformed } from "./frame-reader.ts";
import { type GrantRow, RIGHTS } from "./grant.ts";

export const ASK_TYPE = 24;
export const TELL_TYPE = 25;
export const ASKS = { credential: 0, revoke: 1 } as const;

export interface Ask {
  /** One of {@link ASKS}, if the peer is no newer than this program. */
  readonly kind: number;
  /** A credential, or the id of what is taken back. */
  readonly text: string;
}

export interface Tell {
  /** How long it lasts from now, 0 for always: the two clocks need not agree. */
  readonly leftMs: number;
  readonly rows: readonly GrantRow[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function writeAsk(writer: ByteWriter, kind: number, bytes: Uint8Array): void {
  writer.u8(kind);
  writer.varint(bytes.length);
  writer.append(bytes);
}

/** Errors: protocol-error. */
export function readAsk(reader: FrameReader): Ask {
  const kind = reader.u8();
  const bytes = reader.view(reader.varint(CREDENTIAL_BYTES_MAX));
  reader.done();
  try {
    return { kind, text: decoder.decode(bytes) };
  } catch {
    throw malformed("a credential that is no UTF-8");
  }
}

export function writeTell(writer: ByteWriter, rows: readonly GrantRow[], leftMs: number): void {
  writer.varint(Number.isFinite(leftMs) ? Math.max(1, Math.floor(leftMs)) : 0);
  writer.varint(rows.length);
  for (const { pattern, right } of rows) {
    const bytes = encoder.encode(pattern);
    writer.u8(RIGHTS.indexOf(right));
    writer.u8(bytes.length);
    writer.append(bytes);
  }
}

/** Errors: protocol-error. */
export function readTell(reader: FrameReader): Tell {
  const leftMs = reader.varint();
  const count = reader.varint(GRANT_ROWS_MAX);
  const rows: GrantRow[] = [];
  for (let row = 0; row < count; row++) {
    const right = RIGHTS[reader.u8()];
    if (right === undefined) throw malformed(`row ${row} of a grant gives no right that there is`);
    rows.push({ right, pattern: reader.text() });
  }
  reader.done();
  return { leftMs, rows };
}
