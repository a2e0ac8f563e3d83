// The frames of lazy push (docs/protocol.md, "Lazy push"): what there is, "stop pushing", "push again".
import { HAVE_ROWS_MAX } from "../../limits.ts";
import { type FrameReader, malformed } from "../../net/frame-reader.ts";
import type { ByteWriter } from "../../wire/byte-writer.ts";
import type { ReplicaId } from "../../wire/replica-id.ts";
import { SEQUENCE_MAX } from "../../wire/version-vector.ts";

export const LAZY_PUSH_FEATURE = 1 << 4;
export const LAZY_PUSH_TYPES = { have: 18, prune: 19, graft: 20 } as const;

export interface Have {
  /** The sender's number of the document. */
  readonly index: number;
  /** The receiver is in the sender's stream: what is named was pushed before this. */
  readonly isPushed: boolean;
  /** What the sender covers; a replica by its slot in the receiver's dictionary, or by id where it has none. */
  readonly rows: readonly (readonly [replica: number | ReplicaId, sequence: number])[];
}

export function writeHave(writer: ByteWriter, { index, isPushed, rows }: Have): void {
  writer.varint(index);
  writer.u8(isPushed ? 1 : 0);
  writer.varint(rows.length);
  for (const [replica, sequence] of rows) {
    if (typeof replica === "number") writer.varint(replica + 1);
    else {
      writer.varint(0);
      writer.replicaId(replica);
    }
    writer.varint(sequence);
  }
}

/** Errors: protocol-error. */
export function readHave(reader: FrameReader): Have {
  const index = reader.varint();
  const flags = reader.u8();
  if (flags > 1) throw malformed(`flags ${flags} of a have`);
  const count = reader.varint(HAVE_ROWS_MAX);
  const rows: (readonly [number | ReplicaId, number])[] = [];
  for (let row = 0; row < count; row++) {
    const reference = reader.varint();
    const replica = reference === 0 ? reader.replicaId() : reference - 1;
    rows.push([replica, reader.varint(SEQUENCE_MAX)]);
  }
  reader.done();
  return { index, isPushed: flags === 1, rows };
}
