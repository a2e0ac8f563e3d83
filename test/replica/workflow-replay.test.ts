// Replay: whatever the order and the portions in which entries come, the same instances with the same histories.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReplayEntry } from "../../host/replica/replayed-handle.ts";
import { checkWorkflow, workflowRecord } from "../../host/replica/workflow/definition.ts";
import { WorkflowReplay } from "../../host/replica/workflow/replay.ts";
import type { ReplicaId } from "../../host/wire/replica-id.ts";

const order = checkWorkflow({
  name: "order",
  states: ["open", "paid", "sent", "late"],
  initial: "open",
  transitions: [
    {
      name: "pay",
      from: "open",
      to: "paid",
      guard: { left: { payload: "sum" }, is: ">=", right: { context: "price" } },
      timeoutMs: 100,
      timeoutTo: "late",
    },
    { name: "send", from: "paid", to: "sent", exclusive: true, roles: ["clerk"] },
    { name: "reopen", from: ["sent", "late"], to: "open" },
  ],
});
const definition = { kind: "definition", definition: workflowRecord(order) };
const start = { kind: "start", id: "a", workflow: order.fingerprint, context: { price: 10 } };
const pay = { kind: "transition", id: "a", transition: "pay", payload: { sum: 10 } };
const lease = (token: number) => ({ holder: "me", token });
const send = (token: number) => ({
  kind: "transition",
  id: "a",
  transition: "send",
  role: "clerk",
  lease: lease(token),
});
const reopen = { kind: "transition", id: "a", transition: "reopen" };

let sequence = 0;
const at = (timeMs: number, value: unknown, replica = "1"): ReplayEntry => ({
  value,
  replica: replica.padStart(16, "0") as ReplicaId,
  sequence: ++sequence,
  timestamp: timeMs * 1024,
});

function replay(...entries: ReplayEntry[]): WorkflowReplay {
  const replayed = new WorkflowReplay();
  replayed.add(entries);
  return replayed;
}
const history = (replayed: WorkflowReplay, id = "a") => replayed.steps(id).map(({ why }) => why);

describe("a replay", () => {
  it("takes legal steps and keeps the others with why", () => {
    const replayed = replay(
      at(0, definition),
      at(1, pay),
      at(2, start),
      at(3, start),
      at(4, { ...pay, payload: { sum: 9 } }),
      at(5, pay),
      at(6, pay),
      at(7, { ...send(1), role: "boss" }),
      at(8, { ...send(1), lease: undefined, role: "clerk" }),
      at(9, send(5)),
      at(10, { ...reopen, context: { price: 20, note: "again" } }),
      at(11, { ...reopen, transition: "fly" }),
    );
    expect(history(replayed)).toEqual([
      "it was never started",
      undefined,
      'it was started already and is "open"',
      'the guard of "pay" does not hold',
      undefined,
      'it is "paid", and "pay" starts from "open"',
      '"send" is for "clerk", and the role "boss" was given',
      '"send" is exclusive and came without a lease',
      undefined,
      undefined,
      'workflow "order" has no transition "fly"',
    ]);
    expect(replayed.state("a")).toMatchObject({
      state: "open",
      context: { price: 20, note: "again" },
      startContext: { price: 10 },
      enteredMs: 10,
      token: 5,
    });
    expect(replayed.steps("b")).toEqual([]);
    expect(replayed.state("b")).toBeUndefined();
  });

  it("refuses a lease older than one that was used", () => {
    const replayed = replay(
      ...[definition, start, pay, send(5), reopen, pay, send(4), send(5)].map((value, index) =>
        at(index, value),
      ),
    );
    expect(history(replayed).slice(5)).toEqual([
      'the lease of "me" has token 4, and 5 was used before',
      undefined,
    ]);
  });

  it("expires what waited long enough, and nothing else", () => {
    const timeout = (nowMs: number, transition = "pay") => ({ kind: "timeout", id: "a", transition, nowMs });
    const replayed = replay(
      at(0, definition),
      at(10, start),
      at(20, timeout(109)),
      at(30, timeout(110)),
      at(40, timeout(500)),
      at(50, timeout(500, "reopen")),
    );
    expect(history(replayed)).toEqual([
      undefined,
      '"pay" times out 1 ms later',
      undefined,
      'it is "late", and "pay" starts from "open"',
      '"reopen" has no timeout',
    ]);
  });

  it("goes back to the beginning at a reset", () => {
    const change = { ...pay, context: { price: 1 } };
    const reset = { kind: "reset", id: "a", reason: "mistake" };
    const replayed = replay(at(0, definition), at(1, start), at(2, change), at(3, reset));
    expect(replayed.state("a")).toMatchObject({ state: "open", context: { price: 10 }, enteredMs: 3 });
    expect(history(replay(at(0, definition), at(1, reset)))).toEqual(["it was never started"]);
  });

  it("orders a step above the one it says it comes after", () => {
    const future = at(1000, start);
    const replayed = replay(
      at(0, definition),
      future,
      at(5, { ...pay, after: future.timestamp }, "2"),
      at(6, pay, "3"),
    );
    expect(history(replayed)).toEqual(["it was never started", undefined, undefined]);
    expect(replayed.state("a")!.state).toBe("paid");
  });

  it("ignores what is no record, and counts it", () => {
    const faulty = [
      undefined,
      null,
      7,
      "start",
      [],
      {},
      { kind: "start", id: "", workflow: "x", context: {} },
      { kind: "start", id: "a", context: {} },
      { ...start, context: [] },
      { ...start, after: -1 },
      { ...pay, id: 7 },
      { ...pay, transition: null },
      { ...pay, role: 1 },
      { ...pay, context: new Uint8Array(1) },
      { ...pay, lease: { holder: "", token: 1 } },
      { ...pay, lease: { holder: "x", token: -1 } },
      { kind: "timeout", id: "a", transition: "pay" },
      { kind: "reset", id: "a" },
      { kind: "definition", definition: { name: "x" } },
      { kind: "definition" },
    ];
    const replayed = replay(...faulty.map((value) => at(1, value)));
    expect([replayed.unreadable, [...replayed.ids()]]).toEqual([faulty.length, []]);
    expect(history(replay(at(0, { ...start, workflow: "x" })))).toEqual([
      "its definition x is not in the log",
    ]);
  });

  it("is the same whatever order entries come in", () => {
    const value = fc.constantFrom(
      start,
      pay,
      send(1),
      send(2),
      reopen,
      { ...start, id: "b" },
      { ...pay, id: "b" },
      { ...pay, after: 9 * 1024 },
      { kind: "timeout", id: "a", transition: "pay", nowMs: 104 },
      { kind: "reset", id: "a", reason: "x" },
    );
    const entry = fc.record({ value, timeMs: fc.nat(9), replica: fc.constantFrom("1", "2", "3") });
    const portions = fc
      .array(entry, { maxLength: 20 })
      .chain((entries) =>
        fc.tuple(
          fc.constant(entries),
          fc.shuffledSubarray([...entries.keys()], { minLength: entries.length }),
          fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 20, maxLength: 20 }),
        ),
      );
    fc.assert(
      fc.property(portions, ([rows, shuffled, sizes]) => {
        const entries = rows.map(({ value, timeMs, replica }) => at(timeMs, value, replica));
        const whole = replay(at(0, definition), ...entries);
        const piecemeal = new WorkflowReplay();
        piecemeal.add([at(0, definition)]);
        let offset = 0;
        for (const size of sizes) {
          piecemeal.add(shuffled.slice(offset, offset + size).map((index) => entries[index]!));
          offset += size;
        }
        for (const id of ["a", "b"]) expect(piecemeal.steps(id)).toEqual(whole.steps(id));
      }),
      { numRuns: 300 },
    );
  });
});
