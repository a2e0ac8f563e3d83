// What one comparison of documents may cost, just reached and just passed.
import { expect, it } from "vitest";
import type { ReplicaId } from "../../../host/engine/engine.ts";
import { COMPARISON_DIFFERENCES_MAX, COMPARISON_REQUESTS_MAX } from "../../../host/limits.ts";
import { type Ask, findDifferences } from "../../../host/net/reconciliation/comparison.ts";
import { BRANCHES, DIGITS_MAX, ItemTree, placeOf } from "../../../host/net/reconciliation/item-tree.ts";
import type { Expansion } from "../../../host/net/reconciliation/messages.ts";
import { EMPTY_FINGERPRINT, type Fingerprint, fingerprintOfVector } from "../../../host/wire/fingerprint.ts";

const ANY: Fingerprint = [1, 2, 3, 4];
const REPLICA = "00000000000000aa" as ReplicaId;

/** A server that has something else in every range down to the last digit, for the first `count` requests. */
function endless(count: number): { readonly ask: Ask; readonly asked: () => number } {
  let asked = 0;
  const ask: Ask = async (request) => {
    asked++;
    const ranges = request.kind === "expand" ? request.ranges : [""];
    const expansions = ranges.map((range): Expansion => {
      if (asked >= count || range.length === DIGITS_MAX) return { kind: "list", items: [] };
      return { kind: "cut", branches: new Array<Fingerprint>(BRANCHES).fill(ANY) };
    });
    return { kind: "ranges", expansions };
  };
  return { ask, asked: () => asked };
}

it("COMPARISON_REQUESTS_MAX: so many requests and not one more", async () => {
  const { ask, asked } = endless(Number.POSITIVE_INFINITY);
  await expect(findDifferences(new ItemTree(), "", ask)).rejects.toMatchObject({
    code: "protocol-error",
    message: expect.stringContaining(String(COMPARISON_REQUESTS_MAX)),
  });
  expect(asked()).toBe(COMPARISON_REQUESTS_MAX);
  // A server that ends it in time: what is left open then takes as many requests again as there are ranges.
  const { requests } = await findDifferences(new ItemTree(), "", endless(300).ask);
  expect(requests).toBeLessThanOrEqual(COMPARISON_REQUESTS_MAX);
});

it("COMPARISON_DIFFERENCES_MAX: with as many the comparison is cut, with one fewer it goes on", async () => {
  const tree = new ItemTree();
  const version = fingerprintOfVector([[REPLICA, 1]]);
  let [count, number] = [0, 0];
  // Names whose places begin with other digits than f: those the server has not.
  const add = (goal: number) => {
    for (; count < goal; number++) {
      const name = `document ${number}`;
      if (placeOf(name).startsWith("f")) continue;
      tree.set(name, version);
      count++;
    }
  };
  const ask: Ask = async (request) => {
    if (request.kind !== "compare") {
      return { kind: "ranges", expansions: [{ kind: "list", items: [] }] };
    }
    const branches = Array.from({ length: BRANCHES }, (_, digit) => (digit === 15 ? ANY : EMPTY_FINGERPRINT));
    return { kind: "ranges", expansions: [{ kind: "cut", branches }] };
  };
  add(COMPARISON_DIFFERENCES_MAX - 1);
  const below = await findDifferences(tree, "", ask);
  expect([below.names.length, below.requests, below.isCut]).toEqual([count, 2, false]);
  add(COMPARISON_DIFFERENCES_MAX);
  const cut = await findDifferences(tree, "", ask);
  expect([cut.names.length, cut.requests, cut.isCut]).toEqual([COMPARISON_DIFFERENCES_MAX, 1, true]);
});
