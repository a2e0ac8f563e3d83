// An ordered set of documents in which the fingerprint of any range is found without looking at the range: a tree of
// sixteen branches over the digits of a document's place (64 bits of a hash of its name), with the count and the sum
// of fingerprints at each node. The ranges are those of range-based set reconciliation (Aljoscha Meyer, SRDS 2023,
// https://arxiv.org/abs/2212.13567); since hashes spread evenly, a range is cut into sixteen equal parts rather than
// by count, so it is named by its first digits and needs no bounds on the wire. Negentropy is the known other one.
// Leaves hold up to LEAF_ITEMS_MAX places; names whose places are equal share one. Cost: `set` and `range` O(log n).
import {
  areEqualFingerprints,
  differenceOf,
  EMPTY_FINGERPRINT,
  type Fingerprint,
  fingerprintOfItem,
  placeOfName,
  sumOf,
} from "../../wire/fingerprint.ts";

export const BRANCHES = 16;
/** Digits of a place. */
export const DIGITS_MAX = 16;
const LEAF_ITEMS_MAX = 32;

/** The first digits of a place, from the greatest: "" is everything, "a3" what begins with 0xA3. */
export type RangeName = string;

export interface RangeSummary {
  readonly count: number;
  readonly fingerprint: Fingerprint;
}

/** Documents at one place: one but for chance, or malice. */
export interface Item {
  /** 16 hexadecimal digits. */
  readonly place: string;
  readonly names: readonly string[];
  readonly fingerprint: Fingerprint;
}

interface Slot {
  readonly place: string;
  /** Of each name what was put in for it. */
  readonly members: Map<string, Fingerprint>;
  readonly fingerprint: Sum;
}

interface TreeNode {
  count: number;
  readonly fingerprint: Sum;
  /** A leaf has slots, an inner node branches. */
  slots: Map<string, Slot> | undefined;
  branches: (TreeNode | undefined)[];
}

/** A fingerprint that is added to in place: a change of one document touches one at each depth. */
type Sum = [number, number, number, number];

function add(sum: Sum, change: Fingerprint): void {
  sum[0] = (sum[0] + change[0]) | 0;
  sum[1] = (sum[1] + change[1]) | 0;
  sum[2] = (sum[2] + change[2]) | 0;
  sum[3] = (sum[3] + change[3]) | 0;
}

const NO_BRANCHES: (TreeNode | undefined)[] = [];
const EMPTY_RANGE: RangeSummary = { count: 0, fingerprint: EMPTY_FINGERPRINT };

const createLeaf = (): TreeNode => ({
  count: 0,
  fingerprint: [0, 0, 0, 0],
  slots: new Map(),
  branches: NO_BRANCHES,
});

const hexOfWord = (word: number): string => word.toString(16).padStart(8, "0");

function digitAt(place: string, depth: number): number {
  const code = place.charCodeAt(depth);
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

export function placeOf(name: string): string {
  const [high, low] = placeOfName(name);
  return hexOfWord(high) + hexOfWord(low);
}

export class ItemTree {
  readonly #root = createLeaf();

  /** Places that hold a document. */
  get count(): number {
    return this.#root.count;
  }

  /** Puts a document in, changes it, or takes it out where there is no fingerprint; says whether anything changed. */
  set(name: string, vector: Fingerprint | undefined): boolean {
    const [high, low] = placeOfName(name);
    return this.#put(
      name,
      high,
      low,
      vector === undefined ? undefined : fingerprintOfItem(high, low, vector),
    );
  }

  /** As `set`, of a document as another tree holds it. */
  put(name: string, member: Fingerprint | undefined): boolean {
    const [high, low] = placeOfName(name);
    return this.#put(name, high, low, member);
  }

  /** What is held for a document. */
  member(name: string): Fingerprint | undefined {
    return this.#slotOf(placeOf(name))?.members.get(name);
  }

  #put(name: string, high: number, low: number, own: Fingerprint | undefined): boolean {
    const place = hexOfWord(high) + hexOfWord(low);
    const known = this.#slotOf(place)?.members.get(name);
    const isEqual =
      known === undefined || own === undefined ? known === own : areEqualFingerprints(known, own);
    if (isEqual) return false;
    const change = differenceOf(own ?? EMPTY_FINGERPRINT, known ?? EMPTY_FINGERPRINT);
    this.#change(this.#root, 0, place, name, own, change);
    return true;
  }

  /** Count and fingerprint of a range, as they are until the next change. */
  range(range: RangeName): RangeSummary {
    const [node, depth] = this.#nodeOf(range);
    if (node === undefined) return EMPTY_RANGE;
    if (depth === range.length) return node;
    let count = 0;
    const fingerprint: Sum = [0, 0, 0, 0];
    for (const slot of node.slots!.values()) {
      if (!slot.place.startsWith(range)) continue;
      count++;
      add(fingerprint, slot.fingerprint);
    }
    return { count, fingerprint };
  }

  /** What is in a range, in order of place. */
  items(range: RangeName): Item[] {
    const [node] = this.#nodeOf(range);
    const found: Item[] = [];
    if (node !== undefined) collect(node, range, found);
    return found.sort((left, right) => (left.place < right.place ? -1 : 1));
  }

  /** The names at a place. */
  namesAt(place: string): readonly string[] {
    return [...(this.#slotOf(place)?.members.keys() ?? [])];
  }

  /** Throws where sums, counts or shapes are not what they must be; for tests. */
  checkInvariants(): void {
    checkNode(this.#root, "");
  }

  /** The node a range ends in, and how deep it lies: above the range's end where it is a leaf. */
  #nodeOf(range: RangeName): readonly [TreeNode | undefined, number] {
    let node: TreeNode | undefined = this.#root;
    for (let depth = 0; depth < range.length; depth++) {
      if (node.slots !== undefined) return [node, depth];
      node = node.branches[digitAt(range, depth)];
      if (node === undefined) return [undefined, depth];
    }
    return [node, range.length];
  }

  #slotOf(place: string): Slot | undefined {
    return this.#nodeOf(place)[0]?.slots?.get(place);
  }

  /** Applies a change below `node`; returns by how many places the count changed. */
  #change(
    node: TreeNode,
    depth: number,
    place: string,
    name: string,
    own: Fingerprint | undefined,
    change: Fingerprint,
  ): number {
    add(node.fingerprint, change);
    let counted: number;
    if (node.slots !== undefined) counted = changeSlot(node.slots, place, name, own, change);
    else {
      const digit = digitAt(place, depth);
      node.branches[digit] ??= createLeaf();
      counted = this.#change(node.branches[digit], depth + 1, place, name, own, change);
    }
    node.count += counted;
    if (counted > 0 && node.slots !== undefined && node.count > LEAF_ITEMS_MAX && depth < DIGITS_MAX)
      split(node, depth);
    if (counted < 0 && node.slots === undefined && node.count <= LEAF_ITEMS_MAX / 2) join(node);
    return counted;
  }
}

function changeSlot(
  slots: Map<string, Slot>,
  place: string,
  name: string,
  own: Fingerprint | undefined,
  change: Fingerprint,
): number {
  const known = slots.get(place);
  const slot: Slot = known ?? { place, members: new Map(), fingerprint: [0, 0, 0, 0] };
  add(slot.fingerprint, change);
  if (own === undefined) slot.members.delete(name);
  else slot.members.set(name, own);
  if (slot.members.size === 0) {
    slots.delete(place);
    return -1;
  }
  if (known !== undefined) return 0;
  slots.set(place, slot);
  return 1;
}

function split(node: TreeNode, depth: number): void {
  const slots = node.slots!;
  node.slots = undefined;
  node.branches = new Array<TreeNode | undefined>(BRANCHES).fill(undefined);
  for (const slot of slots.values()) {
    const digit = digitAt(slot.place, depth);
    node.branches[digit] ??= createLeaf();
    const leaf = node.branches[digit];
    leaf.slots!.set(slot.place, slot);
    leaf.count++;
    add(leaf.fingerprint, slot.fingerprint);
  }
  for (const branch of node.branches) {
    if (branch !== undefined && branch.count > LEAF_ITEMS_MAX && depth + 1 < DIGITS_MAX)
      split(branch, depth + 1);
  }
}

function join(node: TreeNode): void {
  const slots = new Map<string, Slot>();
  const take = (from: TreeNode): void => {
    for (const slot of from.slots?.values() ?? []) slots.set(slot.place, slot);
    for (const branch of from.branches) if (branch !== undefined) take(branch);
  };
  take(node);
  node.slots = slots;
  node.branches = NO_BRANCHES;
}

function collect(node: TreeNode, range: RangeName, found: Item[]): void {
  for (const { place, members, fingerprint } of node.slots?.values() ?? []) {
    if (place.startsWith(range)) found.push({ place, names: [...members.keys()], fingerprint });
  }
  for (const branch of node.branches) if (branch !== undefined) collect(branch, range, found);
}

function checkNode(node: TreeNode, range: RangeName): void {
  const fail = (what: string): never => {
    throw new Error(`range "${range}": ${what}`);
  };
  let count = 0;
  let fingerprint = EMPTY_FINGERPRINT;
  for (const slot of node.slots?.values() ?? []) {
    if (!slot.place.startsWith(range)) fail(`holds ${slot.place}`);
    let sum = EMPTY_FINGERPRINT;
    for (const member of slot.members.values()) sum = sumOf(sum, member);
    if (slot.members.size === 0 || !areEqualFingerprints(sum, slot.fingerprint)) fail(`slot ${slot.place}`);
    count++;
    fingerprint = sumOf(fingerprint, slot.fingerprint);
  }
  for (const [digit, branch] of node.branches.entries()) {
    if (branch === undefined) continue;
    checkNode(branch, range + digit.toString(16));
    count += branch.count;
    fingerprint = sumOf(fingerprint, branch.fingerprint);
  }
  if (count !== node.count) fail(`counts ${node.count} of ${count}`);
  if (!areEqualFingerprints(fingerprint, node.fingerprint)) fail("its sum is wrong");
  if (node.slots === undefined && count <= LEAF_ITEMS_MAX / 2) fail("should be a leaf");
  if (node.slots !== undefined && count > LEAF_ITEMS_MAX && range.length < DIGITS_MAX)
    fail("should be split");
}
