// Fingerprints for finding out what differs between two replicas: 128 bits in four lanes of 32. Those of a set are
// the sums of those of its members, lane by lane, so they change by one addition when a member does (incremental
// hashing by addition: Bellare and Micciancio, EUROCRYPT 1997, https://cseweb.ucsd.edu/~daniele/papers/IncHash.html).
// Mixed by the finalizer of MurmurHash3 (Austin Appleby, public domain). Against chance, not against malice: whoever
// may write documents can, with work, make two states look alike; their difference then shows when one is opened.
// Cost: some 50 ns a row of a version vector.
import type { ReplicaId } from "./replica-id.ts";
import { readUint32, writeReplicaId, writeUint32 } from "./replica-id.ts";
import { xxhash32 } from "./xxhash32.ts";

export const FINGERPRINT_BYTES = 16;
const FINGERPRINT_LANES = 4;

/** Four signed 32-bit lanes. */
export type Fingerprint = readonly [number, number, number, number];

export const EMPTY_FINGERPRINT: Fingerprint = [0, 0, 0, 0];

/** Different starts make the lanes independent of each other: the first digits of π. */
const SEEDS = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344] as const;
const NAME_SEEDS = [0x2545f491, 0x4f6cdd1d] as const;

const encoder = new TextEncoder();
const idBytes = new Uint8Array(8);

function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** One lane of three words, each mixed in with all before it. */
function laneOf(seed: number, first: number, second: number, third: number): number {
  return mix((mix((mix(seed ^ first) + second) | 0) + Math.imul(third, 0x9e3779b1)) | 0);
}

/** Of a version vector; equal vectors have equal ones, in whatever order the rows come. */
export function fingerprintOfVector(rows: Iterable<readonly [ReplicaId, number]>): Fingerprint {
  const lanes: [number, number, number, number] = [0, 0, 0, 0];
  for (const [id, sequence] of rows) {
    writeReplicaId(idBytes, 0, id);
    const low = readUint32(idBytes, 0);
    const high = readUint32(idBytes, 4);
    for (let lane = 0; lane < FINGERPRINT_LANES; lane++) {
      lanes[lane] = (lanes[lane]! + laneOf(SEEDS[lane]!, low, high, sequence)) | 0;
    }
  }
  return lanes;
}

/** Of something with a place (two words) and a fingerprint of its own: two that change places do not cancel out. */
export function fingerprintOfItem(high: number, low: number, of: Fingerprint): Fingerprint {
  return [
    laneOf(SEEDS[0], high, low, of[0]),
    laneOf(SEEDS[1], high, low, of[1]),
    laneOf(SEEDS[2], high, low, of[2]),
    laneOf(SEEDS[3], high, low, of[3]),
  ];
}

/** The place of a name: 64 bits as two unsigned words. */
export function placeOfName(name: string): readonly [high: number, low: number] {
  const bytes = encoder.encode(name);
  return [xxhash32(bytes, NAME_SEEDS[0]), xxhash32(bytes, NAME_SEEDS[1])];
}

export const sumOf = (left: Fingerprint, right: Fingerprint): Fingerprint => [
  (left[0] + right[0]) | 0,
  (left[1] + right[1]) | 0,
  (left[2] + right[2]) | 0,
  (left[3] + right[3]) | 0,
];

export const differenceOf = (left: Fingerprint, right: Fingerprint): Fingerprint => [
  (left[0] - right[0]) | 0,
  (left[1] - right[1]) | 0,
  (left[2] - right[2]) | 0,
  (left[3] - right[3]) | 0,
];

export function areEqualFingerprints(left: Fingerprint, right: Fingerprint): boolean {
  return left[0] === right[0] && left[1] === right[1] && left[2] === right[2] && left[3] === right[3];
}

export function writeFingerprint(bytes: Uint8Array, offset: number, fingerprint: Fingerprint): void {
  for (let lane = 0; lane < FINGERPRINT_LANES; lane++)
    writeUint32(bytes, offset + lane * 4, fingerprint[lane]!);
}

/** Reads what {@link writeFingerprint} wrote; the caller has checked that the bytes are there. */
export function readFingerprint(bytes: Uint8Array, offset: number): Fingerprint {
  return [
    readUint32(bytes, offset) | 0,
    readUint32(bytes, offset + 4) | 0,
    readUint32(bytes, offset + 8) | 0,
    readUint32(bytes, offset + 12) | 0,
  ];
}
