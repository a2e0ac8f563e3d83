// The key lists of objects that were encoded lately: applications write the same few shapes again and again, and
// sorting and encoding their keys would cost as much as their values. A direct-mapped cache of bounded size; a shape
// enters it at its second sight, so that objects used as dictionaries pay one comparison and leave it alone. Which
// shape followed which is remembered too: objects that come in the same turns again are recognized without listing
// their keys.

/** Objects of more keys are encoded without the cache. */
export const SHAPE_KEYS_MAX = 16;
const SHAPE_BYTES_MAX = 512;
const SLOTS = 64;

export interface ObjectShape {
  /** Keys in the order `Object.keys` gives. */
  readonly keys: readonly string[];
  /** Keys in the order of the encoding. */
  readonly ordered: readonly string[];
  /** The encoded ordered keys, one after the other; `ends` says where each ends. */
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
}

const shapes = new Array<ObjectShape | undefined>(SLOTS).fill(undefined);
const seenOnce = new Array<readonly string[] | undefined>(SLOTS).fill(undefined);
/** By slot: that of the shape which came next the last time. */
const followers = new Uint8Array(SLOTS);
let lastSlot = 0;

/** The shape of `record` if it is the one that followed the previous object's before; runs no getter. */
export function predictedShape(record: object): ObjectShape | undefined {
  const slot = followers[lastSlot]!;
  const shape = shapes[slot];
  if (shape === undefined) return undefined;
  const { keys } = shape;
  let count = 0;
  // Enumerable keys of a prototype, if somebody put any there, make this differ from the shape of the own keys.
  for (const key in record) {
    if (count === keys.length || keys[count] !== key) return undefined;
    count++;
  }
  if (count !== keys.length) return undefined;
  lastSlot = slot;
  return shape;
}

/** The shape of `keys`, which are 1 to SHAPE_KEYS_MAX; `make` is asked when they come for the second time. */
export function shapeOf(
  keys: readonly string[],
  make: (keys: readonly string[]) => ObjectShape,
): ObjectShape | undefined {
  const slot = slotOf(keys);
  const shape = shapes[slot];
  if (shape !== undefined && isSame(shape.keys, keys)) {
    follow(slot);
    return shape;
  }
  const seen = seenOnce[slot];
  if (seen === undefined || !isSame(seen, keys)) {
    seenOnce[slot] = keys.slice();
    return undefined;
  }
  seenOnce[slot] = undefined;
  const made = make(keys);
  if (made.bytes.length <= SHAPE_BYTES_MAX) {
    shapes[slot] = made;
    follow(slot);
  }
  return made;
}

function follow(slot: number): void {
  followers[lastSlot] = slot;
  lastSlot = slot;
}

function slotOf(keys: readonly string[]): number {
  const first = keys[0]!;
  const last = keys[keys.length - 1]!;
  return (keys.length * 5 + first.length * 3 + first.charCodeAt(0) + last.length * 7) & (SLOTS - 1);
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}
