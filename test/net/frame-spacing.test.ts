import { afterEach, expect, test } from "vitest";
import { createReplica, map, type Replica, schema } from "../../host/index.ts";
import { type Receiver, Room } from "../../host/net/room.ts";
import type { DocumentCore } from "../../host/replica/document-core.ts";
import { hostOf } from "../../host/replica/replica.ts";

const Notes = schema({ notes: map<{ [key: string]: number }>() });
const replicas: Replica[] = [];

afterEach(async () => {
  for (const replica of replicas.splice(0)) await replica.close();
});

/** Time and turns that pass when the test says so. */
class Clock {
  nowMs = 1_000;
  readonly turns: (() => void)[] = [];
  readonly timers: { readonly callback: () => void; readonly ms: number }[] = [];
  readonly monotonicMs = () => this.nowMs;
  readonly onTurnEnd = (callback: () => void) => {
    this.turns.push(callback);
  };
  readonly setTimer = (callback: () => void, ms: number) => {
    const timer = { callback, ms };
    this.timers.push(timer);
    return () => {
      this.timers.splice(this.timers.indexOf(timer), 1);
    };
  };
  endTurn(): void {
    for (const callback of this.turns.splice(0)) callback();
  }
  fire(): number {
    const { callback, ms } = this.timers.shift()!;
    this.nowMs += ms;
    callback();
    return ms;
  }
}

class Counter implements Receiver {
  readonly frames: Uint8Array[] = [];
  deliver(frame: Uint8Array): void {
    this.frames.push(frame);
  }
  leaveOut(): void {}
  fallOut(): void {}
}

interface Scene {
  readonly clock: Clock;
  readonly room: Room;
  readonly receiver: Counter;
  readonly core: DocumentCore;
  /** Merges the next of a writer's deltas. */
  merge(): void;
}

async function scene(receivers: number): Promise<Scene> {
  const [relay, writer] = [await createReplica(), await createReplica()];
  replicas.push(relay, writer);
  const core = await hostOf(relay).openCore("notes");
  const written = await hostOf(writer).openCore("notes");
  const { notes } = await writer.open("notes", Notes);
  const deltas: Uint8Array[] = [];
  written.onDelta(({ bytes }) => deltas.push(bytes));
  for (let value = 0; value < 20; value++) {
    notes.set("key", value);
    written.flushLocal();
  }
  const clock = new Clock();
  const room = new Room(core, 0, clock);
  const all = Array.from({ length: receivers }, () => new Counter());
  for (const receiver of all) room.join(receiver);
  // The first frame is that of the definitions.
  core.merge(deltas.shift()!, "first");
  clock.endTurn();
  const receiver = all[0]!;
  receiver.frames.length = 0;
  clock.nowMs += 1_000;
  return { clock, room, receiver, core, merge: () => core.merge(deltas.shift()!, "source") };
}

test("after a pause the first frame leaves at the end of its turn, the next when the gap has passed, as one", async () => {
  const { clock, receiver, merge } = await scene(100);
  merge();
  clock.endTurn();
  expect(receiver.frames).toHaveLength(1);
  clock.nowMs += 0.5;
  for (let count = 0; count < 5; count++) {
    merge();
    clock.endTurn();
  }
  expect(receiver.frames).toHaveLength(1);
  expect(clock.fire()).toBeCloseTo(1.5);
  expect(receiver.frames).toHaveLength(2);
  expect(receiver.frames[1]!.length).toBeGreaterThan(3 * receiver.frames[0]!.length);
  expect([clock.timers.length, clock.turns.length]).toEqual([0, 0]);
});

test("few receivers wait for nothing but the end of the turn, unless a frame has just left", async () => {
  const { clock, receiver, merge } = await scene(10);
  for (let count = 1; count <= 5; count++) {
    merge();
    clock.endTurn();
    expect(receiver.frames).toHaveLength(count);
    clock.nowMs += 0.2;
  }
  merge();
  clock.endTurn();
  for (let count = 0; count < 5; count++) {
    clock.nowMs += 0.03;
    merge();
    clock.endTurn();
  }
  expect([receiver.frames.length, clock.timers.length]).toEqual([6, 0]);
  clock.nowMs += 0.06;
  clock.endTurn();
  expect(receiver.frames).toHaveLength(7);
  expect(receiver.frames[6]!.length).toBeGreaterThan(3 * receiver.frames[0]!.length);
});

test("where turns take no time a frame waits for no more than eight of them", async () => {
  const { clock, receiver, merge } = await scene(1);
  merge();
  clock.endTurn();
  merge();
  let turns = 0;
  for (; clock.turns.length > 0; turns++) clock.endTurn();
  expect([receiver.frames.length, turns]).toEqual([2, 9]);
});

test("own mutations leave when they are made, and share a frame where one has just left", async () => {
  const { clock, receiver, core } = await scene(1);
  const own = await createReplica();
  replicas.push(own);
  const { notes } = await own.open("notes", Notes);
  const deltas: Uint8Array[] = [];
  const written = await hostOf(own).openCore("notes");
  written.onDelta(({ bytes }) => deltas.push(bytes));
  for (let value = 0; value < 4; value++) {
    notes.set("key", value);
    written.flushLocal();
  }
  const merge = () => core.merge(deltas.shift()!, "local");
  merge();
  await Promise.resolve();
  // The definitions of a new replica go before.
  const before = receiver.frames.length;
  for (let count = 0; count < 2; count++) {
    merge();
    await Promise.resolve();
  }
  expect(receiver.frames.length).toBe(before);
  clock.nowMs += 0.1;
  clock.endTurn();
  expect(receiver.frames.length).toBe(before + 1);
  clock.nowMs += 0.2;
  merge();
  await Promise.resolve();
  expect(receiver.frames.length).toBe(before + 2);
});

test("the gap has an end however many receive", async () => {
  const { clock, merge } = await scene(3_000);
  merge();
  clock.endTurn();
  merge();
  clock.endTurn();
  expect(clock.fire()).toBe(20);
});

test("who joins or asks meanwhile gets what waits first, and nothing is sent twice", async () => {
  const { clock, room, receiver, merge } = await scene(100);
  merge();
  clock.endTurn();
  merge();
  clock.endTurn();
  const late = new Counter();
  room.join(late);
  expect(receiver.frames).toHaveLength(2);
  clock.fire();
  expect([receiver.frames.length, late.frames.length]).toEqual([2, 0]);
  merge();
  clock.endTurn();
  clock.fire();
  expect([receiver.frames.length, late.frames.length]).toEqual([3, 1]);
});

test("a room that closes sends what waits and leaves no timer", async () => {
  const { clock, room, receiver, merge } = await scene(100);
  merge();
  clock.endTurn();
  merge();
  clock.endTurn();
  room.close();
  expect([receiver.frames.length, clock.timers.length]).toEqual([2, 0]);
});
