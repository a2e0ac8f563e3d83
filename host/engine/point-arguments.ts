// What both engines refuse before a kernel runs: ranges outside the rows, windows that are none. Kernels may then trust
// what they are given.
import { CrdtError } from "../errors.ts";
import { TABLE_POINTS_MAX } from "../limits.ts";
import type { PointOrder } from "./point-order.ts";

const refuse = (message: string): never => {
  throw new CrdtError("invalid-argument", message);
};

export function checkCapacity(capacity: number): void {
  if (!Number.isSafeInteger(capacity) || capacity < 0) {
    refuse(`a capacity of ${capacity} points; give an integer from 0 on`);
  }
  if (capacity > TABLE_POINTS_MAX) {
    throw new CrdtError(
      "limit-exceeded",
      `a capacity of ${capacity} points, at most ${TABLE_POINTS_MAX}; use several tables`,
    );
  }
}

export function checkRange(from: number, to: number, length: number): void {
  if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= length) return;
  refuse(`rows ${from} to ${to} of ${length}; give 0 ≤ from ≤ to ≤ ${length}`);
}

/** Refuses columns that are no pair. */
export function checkColumns(times: Float64Array, values: Float64Array): void {
  if (times.length !== values.length)
    refuse(`${times.length} times for ${values.length} values; give one each`);
}

/** Refuses more rows than fit. */
export function checkRoom(count: number, length: number, capacity: number): void {
  if (count <= capacity - length) return;
  throw new CrdtError(
    "limit-exceeded",
    `${count} points behind ${length} in a table of ${capacity}; make a larger table`,
  );
}

/** Refuses windows over the rows `from` to `to`, at least one, whose first and last times are given. */
export function checkWindows(
  [from, to]: readonly [number, number],
  [first, last]: readonly [number, number],
  origin: number,
  width: number,
  order: PointOrder,
): void {
  const descent = order.descentIn(from, to);
  if (descent !== undefined)
    refuse(`times descend at row ${descent} between ${from} and ${to}; windows need order`);
  checkWindowEnds([first, last], origin, width);
}

/** Refuses windows over points whose first and last times are given, where one would leave the safe integers. */
export function checkWindowEnds(
  [first, last]: readonly [number, number],
  origin: number,
  width: number,
): void {
  const isSafe = Number.isSafeInteger;
  if (
    isSafe(first - origin) &&
    isSafe(last - origin) &&
    isSafe(windowStart(first, origin, width)) &&
    isSafe(windowStart(last, origin, width) + width)
  ) {
    return;
  }
  refuse(`windows of ${width} from ${origin} over times ${first} to ${last} leave ±(2^53 − 1)`);
}

/** Refuses an origin or a width no window can have. */
export function checkGrid(origin: number, width: number): void {
  if (!Number.isSafeInteger(origin))
    refuse(`a window origin of ${origin}; give an integer within ±(2^53 − 1)`);
  if (!Number.isSafeInteger(width) || width < 1) {
    refuse(`a window width of ${width}; give an integer from 1 to 2^53 − 1`);
  }
}

/** Where the window of `time` begins. Exact while the distance to the origin is a safe integer. */
export function windowStart(time: number, origin: number, width: number): number {
  const into = (time - origin) % width;
  return time - (into < 0 ? into + width : into);
}
