// Rights of a bounded counter: sums, and who gives what to whom.
import { describe, expect, it } from "vitest";
import { type RightsRow, RightsTable } from "../../host/replica/bounded/rights-table.ts";
import type { ReplicaId } from "../../host/wire/replica-id.ts";

const [anna, bob, cleo, dave] = ["a", "b", "c", "d"].map((digit) => digit.repeat(16)) as [
  ReplicaId,
  ReplicaId,
  ReplicaId,
  ReplicaId,
];
const own = (giver: ReplicaId, plus: number, minus = 0): RightsRow => ({
  giver,
  receiver: undefined,
  plus,
  minus,
});
const gave = (giver: ReplicaId, receiver: ReplicaId, plus: number): RightsRow => ({
  giver,
  receiver,
  plus,
  minus: 0,
});

describe("a table of rights", () => {
  it("adds up what was created, spent and given", () => {
    const table = new RightsTable([
      own(anna, 100, 30),
      gave(anna, bob, 50),
      own(bob, 0, 5),
      gave(bob, cleo, 10),
    ]);
    expect([anna, bob, cleo, dave].map((id) => table.rightsOf(id))).toEqual([20n, 35n, 10n, 0n]);
    expect([table.created, table.spent]).toEqual([100n, 35n]);
    expect(table.holders()).toEqual([anna, bob, cleo]);
  });

  it("ignores what a transfer claims to have spent, and transfers to oneself", () => {
    const table = new RightsTable([
      own(anna, 10),
      { giver: anna, receiver: bob, plus: 4, minus: 3 },
      gave(anna, anna, 5),
    ]);
    expect([table.rightsOf(anna), table.rightsOf(bob), table.spent]).toEqual([6n, 4n, 0n]);
  });

  it("is exact beyond 2^53", () => {
    const table = new RightsTable([
      own(anna, 2 ** 53 - 1),
      own(bob, 2 ** 53 - 1),
      gave(bob, anna, 2 ** 53 - 2),
    ]);
    expect(table.rightsOf(anna)).toBe(2n ** 54n - 3n);
    expect(table.created).toBe(2n ** 54n - 2n);
  });
});

describe("rebalancing", () => {
  it("lets the richest lift everybody to the low water, poorest first", () => {
    const table = new RightsTable([own(anna, 100), gave(anna, bob, 3), gave(anna, cleo, 1)]);
    expect(table.rebalance(5)).toEqual({
      from: anna,
      transfers: [
        { to: cleo, amount: 4 },
        { to: bob, amount: 2 },
      ],
    });
    expect(table.rebalance(5, [dave])!.transfers[0]).toEqual({ to: dave, amount: 5 });
    expect(table.rebalance(1)).toBeUndefined();
  });

  it("keeps the low water to itself", () => {
    const table = new RightsTable([own(anna, 14), gave(anna, bob, 1), gave(anna, cleo, 1)]);
    expect(table.rebalance(10)).toEqual({ from: anna, transfers: [{ to: bob, amount: 2 }] });
    expect(table.rebalance(12)).toBeUndefined();
  });

  it("has one giver, of equals the smallest", () => {
    const table = new RightsTable([own(cleo, 10), own(bob, 10), own(anna, 1)]);
    expect(table.rebalance(2)).toEqual({ from: bob, transfers: [{ to: anna, amount: 1 }] });
  });

  it("gives nothing for what has not come yet, and nothing where there is nobody", () => {
    const table = new RightsTable([own(anna, 10), gave(bob, cleo, 100), own(bob, 0)]);
    expect(table.rebalance(5)).toEqual({ from: cleo, transfers: [{ to: bob, amount: 5 }] });
    expect(new RightsTable([]).rebalance(5)).toBeUndefined();
    expect(new RightsTable([]).rebalance(5, [anna])).toBeUndefined();
  });

  it("once done is done", () => {
    const rows = [own(anna, 100), gave(anna, bob, 3)];
    const { from, transfers } = new RightsTable(rows).rebalance(5)!;
    const after = [...rows.slice(0, 1), ...transfers.map(({ to, amount }) => gave(from, to, amount + 3))];
    expect(new RightsTable(after).rebalance(5)).toBeUndefined();
  });
});
