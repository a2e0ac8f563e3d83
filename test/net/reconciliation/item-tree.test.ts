// The tree of fingerprints against the plainest set there is, and the comparison of two trees against a diff by hand:
// random sets, changed and cut down, with all the places bunched together too.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReplicaId } from "../../../host/engine/engine.ts";
import { findDifferences } from "../../../host/net/reconciliation/comparison.ts";
import { BRANCHES, ItemTree, placeOf } from "../../../host/net/reconciliation/item-tree.ts";
import {
  areEqualFingerprints,
  EMPTY_FINGERPRINT,
  type Fingerprint,
  fingerprintOfVector,
  sumOf,
} from "../../../host/wire/fingerprint.ts";
import { answerFrom } from "./answer-from.ts";

const REPLICA = "00000000000000aa" as ReplicaId;
const versionOf = (sequence: number): Fingerprint => fingerprintOfVector([[REPLICA, sequence]]);
const nameOf = (number: number): string => `document ${number}`;

function treeOf(documents: ReadonlyMap<string, number>): ItemTree {
  const tree = new ItemTree();
  for (const [name, sequence] of documents) tree.set(name, versionOf(sequence));
  return tree;
}

function differencesByHand(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): string[] {
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter((name) => left.get(name) !== right.get(name))
    .sort();
}

const documents = fc
  .array(fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 3 })), { maxLength: 600 })
  .map((rows) => new Map(rows.map(([number, sequence]) => [nameOf(number), sequence])));

describe("the tree", () => {
  it("counts and sums every range as a plain set does, whatever was put in and taken out", () => {
    const step = fc.tuple(fc.nat(300), fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }));
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 900 }),
        fc.array(fc.stringMatching(/^[0-9a-f]{0,4}$/)),
        (steps, ranges) => {
          const tree = new ItemTree();
          const plain = new Map<string, number>();
          for (const [number, sequence] of steps) {
            const name = nameOf(number);
            const changes = plain.get(name) !== sequence;
            expect(tree.set(name, sequence === undefined ? undefined : versionOf(sequence))).toBe(changes);
            if (sequence === undefined) plain.delete(name);
            else plain.set(name, sequence);
          }
          tree.checkInvariants();
          for (const range of ["", ...ranges]) {
            const inside = [...plain.keys()].filter((name) => placeOf(name).startsWith(range));
            const sum = inside.reduce((total, name) => sumOf(total, tree.member(name)!), EMPTY_FINGERPRINT);
            expect(tree.range(range).count).toBe(inside.length);
            expect(areEqualFingerprints(tree.range(range).fingerprint, sum)).toBe(true);
            expect(
              tree
                .items(range)
                .flatMap(({ names }) => names)
                .sort(),
            ).toEqual(inside.sort());
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is the same whatever order it was filled in, and empty again when all is taken out", () => {
    const names = Array.from({ length: 2_000 }, (_, number) => nameOf(number));
    const [forwards, backwards] = [new ItemTree(), new ItemTree()];
    for (const name of names) forwards.set(name, versionOf(1));
    for (const name of names.toReversed()) backwards.set(name, versionOf(1));
    expect(forwards.range("")).toMatchObject({ count: 2_000, fingerprint: backwards.range("").fingerprint });
    for (const name of names) forwards.set(name, undefined);
    forwards.checkInvariants();
    expect(forwards.range("")).toMatchObject({ count: 0, fingerprint: EMPTY_FINGERPRINT });
  });

  it("tells states apart that have the same members at changed places", () => {
    const [left, right] = [new ItemTree(), new ItemTree()];
    for (const [tree, first, second] of [
      [left, 1, 2],
      [right, 2, 1],
    ] as const) {
      tree.set("first", versionOf(first));
      tree.set("second", versionOf(second));
    }
    expect(areEqualFingerprints(left.range("").fingerprint, right.range("").fingerprint)).toBe(false);
  });
});

describe("a comparison", () => {
  it("finds what a diff by hand finds", async () => {
    await fc.assert(
      fc.asyncProperty(documents, documents, async (left, right) => {
        const found = await findDifferences(treeOf(left), "", answerFrom(treeOf(right)));
        expect([...found.names].sort()).toEqual(differencesByHand(left, right));
      }),
      { numRuns: 150 },
    );
  });

  it("finds a few differences among many in few requests", async () => {
    const left = new Map(Array.from({ length: 20_000 }, (_, number) => [nameOf(number), 1]));
    const right = new Map(left);
    right.set(nameOf(7), 2);
    right.delete(nameOf(8));
    right.set("only here", 1);
    const found = await findDifferences(treeOf(left), "", answerFrom(treeOf(right)));
    expect([...found.names].sort()).toEqual(differencesByHand(left, right));
    expect(found.requests).toBeLessThanOrEqual(5);
  });

  it("needs one request where nothing differs", async () => {
    const same = new Map(Array.from({ length: 1_000 }, (_, number) => [nameOf(number), 1]));
    expect(await findDifferences(treeOf(same), "", answerFrom(treeOf(same)))).toEqual({
      names: [],
      requests: 1,
      isCut: false,
    });
  });

  it("cuts a range in sixteen", () => expect(BRANCHES).toBe(16));
});
