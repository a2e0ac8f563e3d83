// The keys of a list as bytes, and back. Behind the kind byte (engine.ts, LIST_KINDS):
//   position      parent's replica id u64, parent's sequence u32 (both 0: the root), side u8 (0 left, 1 right)
//   value, place  replica id u64 and sequence u32 of the element's own position
// The payload of a place is an encoded byte string: replica id u64 and sequence u32 of the position the element moved to.
import { LIST_KINDS, type ReplicaId } from "../../engine/engine.ts";
import { ByteWriter } from "../../wire/byte-writer.ts";
import {
  REPLICA_ID_BYTES,
  readReplicaId,
  readUint32,
  writeReplicaId,
  writeUint32,
} from "../../wire/replica-id.ts";

export const DOT_BYTES = REPLICA_ID_BYTES + 4;
const POSITION_KEY_BYTES = 1 + DOT_BYTES + 1;
const ELEMENT_KEY_BYTES = 1 + DOT_BYTES;

/** On which side of its parent a position stands. */
export const SIDES = { left: 0, right: 1 } as const;
export type Side = (typeof SIDES)[keyof typeof SIDES];

export interface Dot {
  readonly replica: ReplicaId;
  readonly sequence: number;
}

export type ListKey =
  | { readonly kind: typeof LIST_KINDS.position; readonly parent: Dot | undefined; readonly side: Side }
  | { readonly kind: typeof LIST_KINDS.value | typeof LIST_KINDS.place; readonly element: Dot };

const scratch = new ByteWriter(64);

/** The key of a position, valid until the next call; `parent` is undefined for the root. */
export function positionKey(parent: Dot | undefined, side: Side): Uint8Array {
  scratch.reset();
  scratch.u8(LIST_KINDS.position);
  if (parent === undefined) {
    scratch.u64(0);
    scratch.u32(0);
  } else {
    writeDot(parent);
  }
  scratch.u8(side);
  return scratch.bytes.subarray(0, scratch.length);
}

/** The key of an element's value or place, valid until the next call. */
export function elementKey(kind: "value" | "place", element: Dot): Uint8Array {
  scratch.reset();
  scratch.u8(LIST_KINDS[kind]);
  writeDot(element);
  return scratch.bytes.subarray(0, scratch.length);
}

/** What the key `bytes[start, end)` names; undefined where no program of this kind wrote it. */
export function readListKey(bytes: Uint8Array, start: number, end: number): ListKey | undefined {
  const kind = bytes[start];
  if (kind === LIST_KINDS.position) {
    const side = bytes[end - 1];
    if (end - start !== POSITION_KEY_BYTES || (side !== SIDES.left && side !== SIDES.right)) return undefined;
    if (isRoot(bytes, start + 1)) return { kind, parent: undefined, side };
    const parent = readDot(bytes, start + 1);
    return parent === undefined ? undefined : { kind, parent, side };
  }
  if (kind !== LIST_KINDS.value && kind !== LIST_KINDS.place) return undefined;
  const element = end - start === ELEMENT_KEY_BYTES ? readDot(bytes, start + 1) : undefined;
  return element === undefined ? undefined : { kind, element };
}

/** The dot as bytes. */
export function dotBytes({ replica, sequence }: Dot): Uint8Array {
  const bytes = new Uint8Array(DOT_BYTES);
  writeReplicaId(bytes, 0, replica);
  writeUint32(bytes, REPLICA_ID_BYTES, sequence);
  return bytes;
}

/** The dot at `offset`, where there are enough bytes; undefined where there is none. */
export function readDot(bytes: Uint8Array, offset: number): Dot | undefined {
  const sequence = readUint32(bytes, offset + REPLICA_ID_BYTES);
  const isNobody = readUint32(bytes, offset) === 0 && readUint32(bytes, offset + 4) === 0;
  return isNobody || sequence === 0 ? undefined : { replica: readReplicaId(bytes, offset), sequence };
}

function isRoot(bytes: Uint8Array, offset: number): boolean {
  for (let index = 0; index < DOT_BYTES; index++) if (bytes[offset + index] !== 0) return false;
  return true;
}

function writeDot({ replica, sequence }: Dot): void {
  scratch.replicaId(replica);
  scratch.u32(sequence);
}
