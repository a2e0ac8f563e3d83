// Guards: what they see, how they compare, and what is no guard.
import { describe, expect, it } from "vitest";
import { GUARD_DEPTH_MAX, GUARD_NODES_MAX } from "../../host/limits.ts";
import { checkGuard, type Guard, guardHolds, guardReadsPayload } from "../../host/replica/workflow/guard.ts";

const holds = (guard: Guard, context: unknown = {}, payload?: unknown) => {
  checkGuard(guard, "guard");
  return guardHolds(guard, context, payload);
};
const compares = (left: unknown, is: string, right: unknown) =>
  holds({ left: { context: "left" }, is, right: { payload: "right" } } as Guard, { left }, { right });

describe("a guard", () => {
  it("finds context and payload by path, own properties only", () => {
    const has = (path: string) => holds({ has: { context: path } }, { a: { b: [0, { c: null }] }, "x.y": 1 });
    expect(has("a") && has("a.b.1.c") && has("a.b.length")).toBe(true);
    for (const path of ["b", "a.c", "a.b.2", "x.y", "toString", "a.constructor", "__proto__", "a.b.1.c.d"]) {
      expect(has(path)).toBe(false);
    }
    expect(holds({ has: { payload: "x" } }, { x: 1 }, { y: 1 })).toBe(false);
    expect(holds({ has: { payload: "y" } }, { x: 1 }, { y: 1 })).toBe(true);
  });

  it("joins by all, any and not", () => {
    const [yes, no]: [Guard, Guard] = [{ all: [] }, { any: [] }];
    expect(holds(yes) && !holds(no) && holds({ not: no }) && holds({ any: [no, yes] })).toBe(true);
    expect(holds({ all: [yes, no] })).toBe(false);
    expect(holds({ all: [yes, { not: { any: [no, no] } }] })).toBe(true);
  });

  it("compares by value and by content", () => {
    for (const [left, right] of [
      [1, 1],
      [0, -0],
      ["a", "a"],
      [7n, 7n],
      [null, null],
      [
        { a: [1], b: 2 },
        { b: 2, a: [1] },
      ],
      [new Uint8Array([1]), new Uint8Array([1])],
    ]) {
      expect(compares(left, "==", right)).toBe(true);
      expect(compares(left, "!=", right)).toBe(false);
      expect(compares(left, "in", [0.5, right])).toBe(true);
    }
    for (const [left, right] of [
      [1, "1"],
      [7, 7n],
      [Number.NaN, Number.NaN],
      [null, false],
      [[1], [1, 2]],
      [{ a: 1 }, [1]],
      [null, {}],
    ]) {
      expect(compares(left, "==", right)).toBe(false);
      expect(compares(left, "!=", right)).toBe(true);
    }
    expect(compares(1, "in", { 0: 1 })).toBe(false);
  });

  it("orders numbers, bigints and strings, each among themselves", () => {
    for (const [less, more] of [
      [1, 2],
      [-Infinity, 0],
      [1n, 2n],
      ["a", "b"],
      ["Z", "a"],
    ]) {
      expect([compares(less, "<", more), compares(more, ">", less)]).toEqual([true, true]);
      expect([compares(less, "<=", more), compares(more, ">=", less)]).toEqual([true, true]);
      expect([compares(less, ">", more), compares(more, "<=", less)]).toEqual([false, false]);
      expect([compares(less, "<=", less), compares(less, "<", less)]).toEqual([true, false]);
      expect([compares(more, ">=", more), compares(more, ">", more)]).toEqual([true, false]);
    }
    for (const [left, right] of [
      [1, "2"],
      [1, 2n],
      [Number.NaN, 1],
      [null, 1],
      [[1], [2]],
    ]) {
      for (const is of ["<", "<=", ">", ">="]) expect(compares(left, is, right)).toBe(false);
    }
  });

  it("takes what is missing for equal to nothing and in no order", () => {
    expect(compares(undefined, "==", undefined)).toBe(false);
    expect(compares(undefined, "!=", 1)).toBe(true);
    for (const is of ["<", "<=", ">", ">=", "in"]) expect(compares(undefined, is, [1])).toBe(false);
  });

  it("says whether the payload matters", () => {
    const [own, other]: [Guard, Guard] = [{ has: { context: "a" } }, { has: { payload: "a" } }];
    expect([own, { all: [own] }, { not: own }].some((guard) => guardReadsPayload(guard as Guard))).toBe(
      false,
    );
    const compared: Guard = { left: { value: 1 }, is: "<", right: { payload: "n" } };
    for (const guard of [other, { any: [own, other] }, { not: other }, { all: [compared] }]) {
      expect(guardReadsPayload(guard as Guard)).toBe(true);
    }
  });
});

describe("what is no guard", () => {
  it.each([
    null,
    "x",
    [],
    {},
    { all: {} },
    { all: [1] },
    { all: [], any: [] },
    { not: {} },
    { has: "a" },
    { has: { context: "" } },
    { has: { value: 1 } },
    { has: { context: "a", payload: "b" } },
    { left: { context: "a" }, is: "===", right: { value: 1 } },
    { left: { context: "a" }, is: "==" },
    { left: { context: 1 }, is: "==", right: { value: 1 } },
    { left: { value: undefined }, is: "==", right: { value: 1 } },
    { left: { value: 1 }, is: "==", right: { value: 1 }, extra: true },
  ])("%j is refused", (guard) => {
    expect(() => checkGuard(guard, "guard")).toThrow(expect.objectContaining({ code: "invalid-definition" }));
  });

  it("has more parts or levels than allowed", () => {
    const nested = (levels: number): unknown => (levels === 1 ? { all: [] } : { not: nested(levels - 1) });
    checkGuard(nested(GUARD_DEPTH_MAX), "guard");
    expect(() => checkGuard(nested(GUARD_DEPTH_MAX + 1), "guard")).toThrow(/deeper than 16 levels/);
    const wide = (parts: number) => ({ any: Array.from({ length: parts - 1 }, () => ({ all: [] })) });
    checkGuard(wide(GUARD_NODES_MAX), "guard");
    expect(() => checkGuard(wide(GUARD_NODES_MAX + 1), "guard")).toThrow(/more than 256 parts/);
  });

  it("is named by its place", () => {
    expect(() => checkGuard({ all: [{ not: { has: {} } }] }, 'transition "pay": guard')).toThrow(
      /^transition "pay": guard\.all\[0\]\.not\.has is no operand/,
    );
  });
});
