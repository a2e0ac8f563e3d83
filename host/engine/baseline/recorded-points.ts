// The points of a `record` operation: checked, put in order, and without those that a mark has taken.
// Cost: one pass over both columns; where times descend, a sort.

export interface RecordedPoints {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Reads `count` times and as many values, unaligned, from `at` on. `refuse` makes the error for what is no point. */
export function readPoints(
  bytes: Uint8Array,
  at: number,
  count: number,
  mark: number,
  refuse: (reason: string) => Error,
): RecordedPoints {
  const times = columnAt(bytes, at, count);
  const values = columnAt(bytes, at + count * 8, count);
  let isInOrder = true;
  let isAbove = true;
  let previous = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < count; index++) {
    const time = times[index]! + 0;
    const value = values[index]!;
    if (!Number.isSafeInteger(time)) {
      throw refuse(`a time of ${time} at index ${index}; give an integer within ±(2^53 − 1)`);
    }
    if (Number.isNaN(value))
      throw refuse(`a value of NaN at index ${index}; leave out what was not measured`);
    times[index] = time;
    if (time < previous) isInOrder = false;
    if (time < mark) isAbove = false;
    previous = time;
  }
  if (isInOrder && isAbove) return { times, values };
  const kept: number[] = [];
  for (let index = 0; index < count; index++) if (times[index]! >= mark) kept.push(index);
  if (!isInOrder) kept.sort((left, right) => times[left]! - times[right]! || left - right);
  return {
    times: Float64Array.from(kept, (index) => times[index]!),
    values: Float64Array.from(kept, (index) => values[index]!),
  };
}

function columnAt(bytes: Uint8Array, at: number, count: number): Float64Array {
  const column = new Float64Array(count);
  new Uint8Array(column.buffer).set(bytes.subarray(at, at + count * 8));
  return column;
}
