// Guards of workflow transitions: predicates that are data, so that they can be logged with the definition and judged
// alike on every replica. They see the context of an instance and the payload of the step, and nothing else: no clock,
// no chance, no code. Cost: that of the guard's nodes, at most GUARD_NODES_MAX. Left out: arithmetic and patterns.
import { CrdtError } from "../../errors.ts";
import { GUARD_DEPTH_MAX, GUARD_NODES_MAX } from "../../limits.ts";
import type { Value } from "../../wire/value.ts";
import { encodeValue } from "../../wire/value-codec.ts";

/** Where a guard finds something: a path of property names joined by dots. A name that holds a dot cannot be reached. */
export type GuardPath = { readonly context: string } | { readonly payload: string };
export type GuardOperand = GuardPath | { readonly value: Value };

const COMPARISONS = ["==", "!=", "<", "<=", ">", ">=", "in"] as const;
/**
 * `==` and `!=` compare numbers and strings by value, arrays and objects by content. The four orders hold between two
 * numbers, two bigints or two strings (by code unit) and never else. `in` holds where the right side is an array with
 * an equal item. What is missing equals nothing and stands in no order.
 */
export type GuardComparison = (typeof COMPARISONS)[number];

export type Guard =
  | { readonly all: readonly Guard[] }
  | { readonly any: readonly Guard[] }
  | { readonly not: Guard }
  | { readonly has: GuardPath }
  | { readonly left: GuardOperand; readonly is: GuardComparison; readonly right: GuardOperand };

/** Whether `guard` holds. It has passed {@link checkGuard}. */
export function guardHolds(guard: Guard, context: unknown, payload: unknown): boolean {
  if ("all" in guard) return guard.all.every((part) => guardHolds(part, context, payload));
  if ("any" in guard) return guard.any.some((part) => guardHolds(part, context, payload));
  if ("not" in guard) return !guardHolds(guard.not, context, payload);
  if ("has" in guard) return operandValue(guard.has, context, payload) !== undefined;
  const left = operandValue(guard.left, context, payload);
  const right = operandValue(guard.right, context, payload);
  return compares(left, guard.is, right);
}

/** Whether the payload matters to `guard`. */
export function guardReadsPayload(guard: Guard): boolean {
  if ("all" in guard) return guard.all.some(guardReadsPayload);
  if ("any" in guard) return guard.any.some(guardReadsPayload);
  if ("not" in guard) return guardReadsPayload(guard.not);
  if ("has" in guard) return "payload" in guard.has;
  return "payload" in guard.left || "payload" in guard.right;
}

/** Refuses what is no guard, naming `place`. Errors: invalid-definition. */
export function checkGuard(guard: unknown, place: string): asserts guard is Guard {
  let nodes = 0;
  const check = (node: unknown, path: string, depth: number): void => {
    if (++nodes > GUARD_NODES_MAX) throw faulty(place, `has more than ${GUARD_NODES_MAX} parts`);
    if (depth > GUARD_DEPTH_MAX) throw faulty(path, `is nested deeper than ${GUARD_DEPTH_MAX} levels`);
    const names = isRecord(node) ? Object.keys(node).sort().join() : "";
    const parts = node as Record<string, unknown>;
    if (names === "all" || names === "any") {
      const list = parts[names];
      if (!Array.isArray(list)) throw faulty(`${path}.${names}`, "is no array of guards");
      for (const [index, part] of list.entries()) check(part, `${path}.${names}[${index}]`, depth + 1);
    } else if (names === "not") {
      check(parts.not, `${path}.not`, depth + 1);
    } else if (names === "has") {
      checkPath(parts.has, `${path}.has`);
    } else if (names === "is,left,right") {
      checkComparison(parts, path);
    } else {
      throw faulty(path, "is no guard; give {all}, {any}, {not}, {has} or {left, is, right}");
    }
  };
  check(guard, place, 1);
}

function checkComparison(parts: Record<string, unknown>, path: string): void {
  if (!COMPARISONS.some((comparison) => comparison === parts.is)) {
    throw faulty(`${path}.is`, `is ${JSON.stringify(parts.is)}; give one of ${COMPARISONS.join(" ")}`);
  }
  for (const side of ["left", "right"]) {
    const operand = parts[side];
    if (isRecord(operand) && Object.keys(operand).join() === "value" && operand.value !== undefined) continue;
    checkPath(operand, `${path}.${side}`);
  }
}

function checkPath(operand: unknown, path: string): void {
  const names = isRecord(operand) ? Object.keys(operand) : [];
  const isPath = names.length === 1 && (names[0] === "context" || names[0] === "payload");
  const text = isPath ? (operand as Record<string, unknown>)[names[0]!] : undefined;
  if (typeof text === "string" && text !== "") return;
  throw faulty(path, 'is no operand; give {context: "a.b"}, {payload: "a.b"} or, to compare with, {value}');
}

function faulty(place: string, reason: string): CrdtError {
  return new CrdtError("invalid-definition", `${place} ${reason}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function operandValue(operand: GuardOperand, context: unknown, payload: unknown): unknown {
  if ("value" in operand) return operand.value;
  return "context" in operand ? atPath(context, operand.context) : atPath(payload, operand.payload);
}

function atPath(root: unknown, path: string): unknown {
  let found = root;
  for (const name of path.split(".")) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

function compares(left: unknown, comparison: GuardComparison, right: unknown): boolean {
  if (comparison === "==") return isEqual(left, right);
  if (comparison === "!=") return !isEqual(left, right);
  if (comparison === "in") return Array.isArray(right) && right.some((item) => isEqual(left, item));
  const order = orderOf(left, right);
  if (order === undefined) return false;
  if (comparison === "<") return order < 0;
  if (comparison === "<=") return order <= 0;
  return comparison === ">" ? order > 0 : order >= 0;
}

/** Below, at or above 0; undefined where the two stand in no order. */
function orderOf(left: unknown, right: unknown): number | undefined {
  if (typeof left !== typeof right || !["number", "bigint", "string"].includes(typeof left)) return undefined;
  const [first, second] = [left as number, right as number];
  if (first < second) return -1;
  if (first > second) return 1;
  return first === second ? 0 : undefined;
}

function isEqual(left: unknown, right: unknown): boolean {
  if (left === undefined || right === undefined) return false;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    return left === right;
  }
  const [first, second] = [encodeValue(left), encodeValue(right)];
  return first.length === second.length && first.every((byte, index) => byte === second[index]);
}
