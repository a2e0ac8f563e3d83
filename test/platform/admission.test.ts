import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CONNECTIONS_PER_SECOND_MAX } from "../../host/limits.ts";
import { Admission } from "../../host/platform/admission.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("lets in no more than CONNECTIONS_PER_SECOND_MAX within any second, in the order they came", async () => {
  const admission = new Admission(CONNECTIONS_PER_SECOND_MAX);
  const atMs: number[] = [];
  const order: number[] = [];
  const startMs = performance.now();
  for (let index = 0; index < 500; index++) {
    admission.enter((isTaken) => {
      expect(isTaken).toBe(true);
      atMs.push(performance.now() - startMs);
      order.push(index);
    });
  }
  await vi.advanceTimersByTimeAsync(10_000);
  expect(order).toEqual(Array.from({ length: 500 }, (_, index) => index));
  for (const [index, time] of atMs.entries()) {
    const within = atMs.slice(index).filter((other) => other - time < 1_000).length;
    expect(within).toBeLessThanOrEqual(CONNECTIONS_PER_SECOND_MAX);
  }
  // And it is not much slower than it may be.
  expect(atMs.at(-1)).toBeLessThan(8_000);
});

test("refuses who would wait longer than a client does", () => {
  const admission = new Admission(100);
  const answers: boolean[] = [];
  for (let index = 0; index < 700; index++) admission.enter((isTaken) => answers.push(isTaken));
  // A fifth of the rate at once, eight seconds of four fifths of it waiting.
  expect(admission.waiting).toBe(640);
  expect(answers.filter((isTaken) => isTaken)).toHaveLength(20);
  expect(answers.filter((isTaken) => !isTaken)).toHaveLength(40);
});

test("refuses who waits when the server stops, and whoever comes then", () => {
  const admission = new Admission(10);
  const answers: boolean[] = [];
  for (let index = 0; index < 4; index++) admission.enter((isTaken) => answers.push(isTaken));
  admission.close();
  admission.enter((isTaken) => answers.push(isTaken));
  expect(answers).toEqual([true, true, false, false, false]);
});

test("infinity lets everybody in at once", () => {
  const admission = new Admission(Number.POSITIVE_INFINITY);
  let taken = 0;
  for (let index = 0; index < 10_000; index++) {
    admission.enter((isTaken) => {
      taken += isTaken ? 1 : 0;
    });
  }
  expect(taken).toBe(10_000);
});
