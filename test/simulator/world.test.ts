// The parts of the simulated world, each on its own: events in order, disks that forget, paths that misbehave.
import { describe, expect, it } from "vitest";
import { isCrdtError } from "../../host/errors.ts";
import type { Transport } from "../../host/platform/transport.ts";
import { EventQueue } from "../../host/simulator/event-queue.ts";
import * as frontDoor from "../../host/simulator/index.ts";
import { Machine } from "../../host/simulator/machine.ts";
import type { PathConditions } from "../../host/simulator/path-conditions.ts";
import { Random } from "../../host/simulator/random.ts";
import { SimulatedDisk } from "../../host/simulator/simulated-disk.ts";
import { LATENCY, SimulatedNetwork } from "../../host/simulator/simulated-network.ts";
import { SimulatedPlatform } from "../../host/simulator/simulated-platform.ts";
import { TOPOLOGIES, topologyNamed } from "../../host/simulator/topology.ts";
import { World } from "../../host/simulator/world.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const put = (key: string, ...values: number[]) => ({ type: "put", key, value: bytes(...values) }) as const;

it("the door lists what there is", () => {
  expect(Object.keys(frontDoor).sort()).toEqual([
    "AVAILABILITY_FAULTS",
    "AVAILABILITY_SHARE_MIN",
    "AVAILABILITY_TIMING",
    "CHECK_NAMES",
    "FAULT_KINDS",
    "FAULT_NAMES",
    "TOPOLOGIES",
    "replayLine",
    "shrink",
    "simulate",
    "timelinePage",
  ]);
});

describe("events", () => {
  it("come by time, and of equal times by number", () => {
    const queue = new EventQueue();
    const random = new Random(1);
    const times = Array.from({ length: 500 }, () => random.below(50));
    for (const time of times) queue.add(time, () => {});
    const taken: [number, number][] = [];
    for (let event = queue.take(); event !== undefined; event = queue.take())
      taken.push([event.atMs, event.number]);
    const sorted = times
      .map((time, number): [number, number] => [time, number])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    expect(taken).toEqual(sorted);
  });

  it("run one at a time, each with all that its promises bring", async () => {
    const world = new World(1, (error) => {
      throw error;
    });
    const order: string[] = [];
    const step = async (name: string) => {
      order.push(`${name} begins at ${world.nowMs}`);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      order.push(`${name} ends`);
    };
    world.schedule(2, () => void step("b"));
    world.schedule(1, () => void step("a"));
    await world.advance(10);
    expect(order).toEqual(["a begins at 1", "a ends", "b begins at 2", "b ends"]);
    expect(world.nowMs).toBe(10);
  });

  it("that throw are reported, and the next ones come", async () => {
    const errors: unknown[] = [];
    const world = new World(1, (error) => errors.push(error));
    let isReached = false;
    world.schedule(1, () => {
      throw new Error("one");
    });
    world.schedule(2, () => {
      isReached = true;
    });
    await world.advance(5);
    expect(errors).toEqual([new Error("one")]);
    expect(isReached).toBe(true);
  });

  it("that hold time for ever are reported", async () => {
    const errors: unknown[] = [];
    const world: World = new World(1, (error) => {
      errors.push(error);
      world.stop();
    });
    const again = () => void world.schedule(1e-14, again);
    world.schedule(5, again);
    await world.advance(10);
    expect(String(errors[0])).toContain("time stands still");
  }, 600_000);

  it("timers take whole milliseconds, and at least one", async () => {
    const { world, client } = createPair();
    const times: number[] = [];
    for (const ms of [0, 0.2, 1.9, 7]) client.setTimer(() => times.push(world.nowMs), ms);
    await world.advance(10);
    expect(times).toEqual([1, 1, 1, 7]);
  });

  it("a process that is dead hears nothing of its connections", async () => {
    const { network, client, left } = await connectPair();
    const closes: number[] = [];
    left.onClose(({ code }) => closes.push(code));
    client.die();
    for (const connection of network.open) connection.client.lose(false);
    expect(closes).toEqual([]);
  });

  it("on a machine wait while it is busy or stands still, and keep their order", async () => {
    const world = new World(1, () => {});
    const machine = new Machine(0, world, () => 0);
    const done: [number, number][] = [];
    machine.workMs = 10;
    for (let number = 0; number < 3; number++) machine.after(1, () => done.push([number, world.nowMs]));
    const cancelled = machine.after(1, () => done.push([99, 0]));
    cancelled.cancel();
    await world.advance(5);
    machine.freeze(100);
    await world.advance(200);
    expect(done).toEqual([
      [0, 1],
      [1, 105],
      [2, 115],
    ]);
  });
});

describe("a disk", () => {
  const create = () => {
    let names = 0;
    return new SimulatedDisk(() => names++);
  };

  it("keeps what was flushed and a prefix of the rest when power is lost", () => {
    const kept = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const disk = create();
      disk.write([put("a", 1)], true);
      for (let number = 0; number < 3; number++) disk.write([put(`b${number}`, number)], false);
      disk.losePower(new Random(seed), false);
      const keys = disk.keys({ from: "a", to: "z" });
      expect(keys).toEqual(["a", "b0", "b1", "b2"].slice(0, keys.length));
      kept.add(keys.length);
    }
    expect([...kept].sort()).toEqual([1, 2, 3, 4]);
  });

  it("tears the last record, never one that was flushed", () => {
    let torn = 0;
    for (let seed = 0; seed < 40; seed++) {
      const disk = create();
      disk.write([put("a", 1, 2, 3, 4)], true);
      disk.underway = [put("b", 1, 2, 3, 4)];
      const { isTorn } = disk.losePower(new Random(seed), true);
      expect(disk.get("a")).toEqual(bytes(1, 2, 3, 4));
      if (isTorn) expect(disk.get("b")!.length).toBeLessThan(4);
      torn += Number(isTorn);
    }
    expect(torn).toBeGreaterThan(5);
  });

  it("a copy has the same records and another fingerprint", () => {
    const disk = create();
    disk.renewFingerprint();
    disk.write([put("a", 1)], false);
    const copy = disk.copy();
    expect(copy.get("a")).toEqual(bytes(1));
    expect(copy.fingerprint).not.toBe(disk.fingerprint);
    copy.write([put("a", 2)], true);
    expect(disk.get("a")).toEqual(bytes(1));
  });

  it("flips one bit, flushed or not", () => {
    const disk = create();
    disk.write([put("a", 0, 0)], true);
    expect(disk.flipBit(new Random(3))).toBe("a");
    const ones = [...disk.get("a")!].reduce(
      (sum, value) => sum + value.toString(2).replaceAll("0", "").length,
      0,
    );
    expect(ones).toBe(1);
    disk.losePower(new Random(1), false);
    expect(disk.get("a")).not.toEqual(bytes(0, 0));
  });
});

/** Two machines, the second of which listens. */
function createPair() {
  const world = new World(7, (error) => {
    throw error;
  });
  const machines = [0, 1].map((index) => new Machine(index, world, () => 0));
  const network = new SimulatedNetwork(world, machines, LATENCY);
  const [client, server] = machines.map((machine) => new SimulatedPlatform(machine, network));
  const accepted: Transport[] = [];
  network.listen(server!, (transport) => accepted.push(transport));
  const trouble = (conditions: Partial<PathConditions>, from = 0) => {
    const one = { conditions, covers: (start: number) => start === from };
    network.add(one);
    return () => network.remove(one);
  };
  const connect = async () => {
    const connecting = client!.connect("sim://node-1").catch((error: unknown) => error);
    await world.advance(20_000);
    return connecting;
  };
  return { world, network, client: client!, server: server!, accepted, trouble, connect };
}

async function connectPair() {
  const pair = createPair();
  const left = (await pair.connect()) as Transport;
  const right = pair.accepted[0]!;
  const heard: number[] = [];
  const closes: number[] = [];
  right.onMessage((message) => heard.push(message[0]!));
  right.onClose(({ code }) => closes.push(code));
  const say = (count: number) => {
    for (let number = 0; number < count; number++) left.send(bytes(number, 1, 2, 3));
  };
  return { ...pair, left, right, heard, closes, say };
}

describe("a path", () => {
  it("brings messages whole and in order", async () => {
    const { world, heard, say } = await connectPair();
    say(100);
    await world.advance(1_000);
    expect(heard).toEqual(Array.from({ length: 100 }, (_, number) => number));
  });

  it("loses, doubles and reorders when it is told to", async () => {
    const { world, heard, say, trouble } = await connectPair();
    const end = trouble({ loss: 0.2, duplication: 0.2, reordering: 0.2 });
    say(200);
    await world.advance(5_000);
    const distinct = new Set(heard);
    expect(distinct.size).toBeLessThan(200);
    expect(distinct.size).toBeGreaterThan(120);
    expect(heard.length).toBeGreaterThan(distinct.size);
    expect(heard.some((number, place) => place > 0 && number < heard[place - 1]!)).toBe(true);
    end();
    heard.length = 0;
    say(50);
    await world.advance(5_000);
    expect(heard.length).toBe(50);
  });

  it("that is cut holds what is sent, in one direction or both", async () => {
    const { world, left, right, heard, say, trouble } = await connectPair();
    const back: number[] = [];
    left.onMessage((message) => back.push(message[0]!));
    const end = trouble({ isCut: true });
    say(3);
    right.send(bytes(9));
    await world.advance(60_000);
    expect(heard).toEqual([]);
    expect(back).toEqual([9]);
    end();
    await world.advance(1_000);
    expect(heard).toEqual([0, 1, 2]);
  });

  it("delays by as much as it is told to", async () => {
    const { world, heard, say, trouble } = await connectPair();
    trouble({ delayMs: 30_000 });
    say(20);
    await world.advance(500);
    expect(heard.length).toBeLessThan(20);
    await world.advance(31_000);
    expect(heard.length).toBe(20);
  });

  it("cuts messages short and flips bits", async () => {
    const { world, left, right, trouble } = await connectPair();
    const lengths: number[] = [];
    let changed = 0;
    right.onMessage((message) => {
      lengths.push(message.length);
      if (message.length === 64 && message.some((byte) => byte !== 0)) changed++;
    });
    trouble({ truncation: 0.3, flip: 0.3 });
    for (let number = 0; number < 100; number++) left.send(new Uint8Array(64));
    await world.advance(5_000);
    expect(lengths.filter((length) => length < 64).length).toBeGreaterThan(10);
    expect(changed).toBeGreaterThan(10);
  });

  it("refuses connections, and gives up after ten seconds of silence", async () => {
    const refused = createPair();
    refused.trouble({ isRefusing: true });
    expect(isCrdtError(await refused.connect(), "connection-failed")).toBe(true);
    expect(refused.network.counts.refused).toBe(1);
    const silent = createPair();
    silent.trouble({ isCut: true }, 1);
    const error = await silent.connect();
    expect(isCrdtError(error, "connection-failed") && error.message).toContain("nobody answers");
  });

  it("connects at the next try when it is free again", async () => {
    const pair = createPair();
    const end = pair.trouble({ isCut: true });
    pair.world.schedule(2_000, end);
    expect(isCrdtError(await pair.connect())).toBe(false);
    expect(pair.accepted.length).toBe(1);
  });

  it("tells of a process that ended, but not of a machine without power", async () => {
    const told = await connectPair();
    told.client.die();
    told.network.died(told.client, true);
    await told.world.advance(1_000);
    expect(told.closes).toEqual([1006]);
    const untold = await connectPair();
    untold.client.die();
    untold.network.died(untold.client, false);
    untold.client.machine.hasPower = false;
    untold.right.send(bytes(1));
    await untold.world.advance(1_000);
    expect(untold.closes).toEqual([]);
    untold.client.machine.hasPower = true;
    untold.right.send(bytes(1));
    await untold.world.advance(1_000);
    expect(untold.closes).toEqual([1006]);
  });
});

describe("topologies", () => {
  it("are connected, link nobody twice, and give a node about five links where they are random", () => {
    for (const [name, topology] of Object.entries(TOPOLOGIES)) {
      for (const nodes of [2, 3, 7, 50]) {
        const links = topology(nodes, 3);
        const groups = Array.from({ length: nodes }, (_, index) => index);
        const seen = new Set<string>();
        for (const [from, to] of links) {
          const key = `${Math.min(from, to)} ${Math.max(from, to)}`;
          expect(from === to || seen.has(key), `${name} ${nodes}: ${key}`).toBe(false);
          seen.add(key);
          const [old, group] = [groups[from]!, groups[to]!];
          for (const [index, one] of groups.entries()) if (one === old) groups[index] = group;
        }
        expect(new Set(groups).size, `${name} of ${nodes}`).toBe(1);
      }
    }
    expect((2 * topologyNamed("random")(1_000, 1).length) / 1_000).toBe(5);
  });

  it("of unknown names are refused", () => {
    expect(() => topologyNamed("torus")).toThrow(expect.objectContaining({ code: "invalid-option" }));
  });
});
