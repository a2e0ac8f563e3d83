// Lazy push with real sessions in virtual time: few pushes are duplicates, what is cut or lost is repaired soon, and a
// quiet fleet is silent.
import { describe, expect, it } from "vitest";
import type { Room } from "../../host/net/room.ts";
import { LazyPush, type PushStatistics } from "../../host/overlay/lazy-push/lazy-push.ts";
import { counter, log, schema } from "../../host/replica/schema.ts";
import { areEqual, randomFrom, VirtualNode, VirtualWorld } from "./virtual-world.ts";

const Home = schema({ visits: counter(), events: log<number>() });
type Home = Awaited<ReturnType<typeof openHome>>;
const openHome = (node: VirtualNode) => node.replica.open("home", Home);

interface Fleet {
  readonly world: VirtualWorld;
  readonly nodes: readonly VirtualNode[];
  readonly homes: readonly Home[];
  readonly pushes: readonly LazyPush[];
}

/** `count` nodes in a ring with random chords, `links` links each on average. */
async function fleet(
  seed: number,
  count: number,
  links: number,
  kind: "lazy" | "flooding" = "lazy",
): Promise<Fleet> {
  const world = new VirtualWorld(seed);
  const nodes = Array.from({ length: count }, (_, index) => new VirtualNode(world, index + 1));
  const pushes = nodes.map((node) => new LazyPush(node.host.platform));
  // A node that offers no bit of its own speaks of nothing, and counts all the same.
  for (const [index, node] of nodes.entries()) {
    const push = pushes[index]!;
    const silent = {
      feature: 0,
      types: [],
      open: (peer: never) => push.open(peer),
      carry: (room: Room) => push.carry(room),
    };
    node.hub.extend(kind === "lazy" ? push : silent);
  }
  const homes = await Promise.all(nodes.map(openHome));
  const random = randomFrom(seed + 1);
  const edges = new Set<string>();
  for (let node = 0; node < count; node++) edges.add([node, (node + 1) % count].sort().join("-"));
  while (edges.size < (count * links) / 2) {
    const [one, other] = [Math.floor(random() * count), Math.floor(random() * count)];
    if (one !== other) edges.add([one, other].sort().join("-"));
  }
  for (const edge of edges) {
    const [from, to] = edge.split("-").map(Number);
    void nodes[from!]!.hub.connect(nodes[to!]!.name);
  }
  await world.run(500);
  return { world, nodes, homes, pushes };
}

/** Random nodes write, `perSecond` times a second in all; tells when each node covered each write. */
async function write({ world, nodes, homes }: Fleet, ms: number, perSecond: number, writers: number) {
  const random = randomFrom(99);
  const delays: number[] = [];
  const started = new Map<string, number>();
  for (const node of nodes) {
    node.core().onDelta(() => {
      for (const [dot, atMs] of started) {
        const [id, sequence] = dot.split(" ");
        const key = `${node.name} ${dot}`;
        if (seen.has(key) || node.core().versionVector.get(id as never) < Number(sequence)) continue;
        seen.add(key);
        delays.push(world.nowMs - atMs);
      }
    });
  }
  const seen = new Set<string>();
  const endMs = world.nowMs + ms;
  while (world.nowMs < endMs) {
    const writer = Math.floor(random() * writers);
    const node = nodes[writer]!;
    homes[writer]!.events.append(started.size);
    started.set(`${node.host.id} ${node.core().versionVector.get(node.host.id)}`, world.nowMs);
    await world.run(1_000 / perSecond);
  }
  await world.run(3_000);
  delays.sort((left, right) => left - right);
  return {
    expected: started.size * nodes.length,
    seen: delays.length,
    p50: delays[Math.floor(delays.length * 0.5)],
    p99: delays[Math.floor(delays.length * 0.99)],
    max: delays.at(-1),
  };
}

const NOTHING: PushStatistics = { pushes: 0, duplicates: 0, prunes: 0, grafts: 0, pulls: 0 };

function sum(pushes: readonly LazyPush[]): PushStatistics {
  const total = { ...NOTHING };
  for (const { statistics } of pushes) {
    for (const key of Object.keys(total) as (keyof PushStatistics)[]) total[key] += statistics[key];
  }
  return total;
}

const share = ({ duplicates, pushes }: PushStatistics): number => duplicates / pushes;

describe("60 nodes with 5 links each", () => {
  it("push at most 15 % in vain, where flooding pushes most in vain", async () => {
    const lazy = await fleet(1, 60, 5);
    const times = await write(lazy, 4_000, 20, 10);
    expect(times.seen).toBe(times.expected);
    expect(share(sum(lazy.pushes))).toBeLessThan(0.15);
    const flooding = await fleet(1, 60, 5, "flooding");
    await write(flooding, 1_000, 20, 10);
    expect(share(sum(flooding.pushes))).toBeGreaterThan(0.6);
  });

  it("are silent when nobody writes", async () => {
    const { world, nodes, homes } = await fleet(2, 20, 5);
    homes[3]!.visits.increment();
    // Past the first check of what was not acknowledged, which sessions make after five seconds.
    await world.run(5_500);
    expect(areEqual(nodes)).toBe(true);
    const frames = world.frames;
    await world.run(3_500);
    expect(world.frames - frames).toBe(0);
  });
});

describe("a tree", () => {
  it("carries on within a second and a half where a fifth of it dies at once, and nothing is lost", async () => {
    const made = await fleet(3, 40, 4);
    await write(made, 1_000, 20, 10);
    const { world, nodes, homes } = made;
    for (const victim of [7, 11, 15, 19, 23, 27, 31, 35]) nodes[victim]!.kill();
    const left = nodes.filter((node) => !node.isDown);
    await world.run(50);
    for (let round = 0; round < 10; round++) {
      homes[round % 5]!.visits.increment();
      expect(await world.run(1_500, () => areEqual(left))).toBe(true);
    }
    const { grafts, pulls } = sum(made.pushes);
    expect(grafts + pulls).toBeGreaterThan(0);
  });

  it("loses nothing at 5 % loss, and has delivered 99 of 100 writes within 1.5 s", async () => {
    const made = await fleet(4, 50, 5);
    await write(made, 1_000, 20, 10);
    made.world.loss = 0.05;
    const before = sum(made.pushes);
    const times = await write(made, 5_000, 20, 10);
    const after = sum(made.pushes);
    made.world.loss = 0;
    expect(await made.world.run(5_000, () => areEqual(made.nodes))).toBe(true);
    expect(times.p99).toBeLessThan(1_500);
    expect((after.duplicates - before.duplicates) / (after.pushes - before.pushes)).toBeLessThan(0.15);
  });

  it("carries the writes of many at once", async () => {
    const made = await fleet(5, 30, 5);
    for (let round = 0; round < 40; round++) {
      for (const home of made.homes) home.visits.increment();
      await made.world.run(100);
    }
    expect(await made.world.run(2_000, () => areEqual(made.nodes))).toBe(true);
    expect(share(sum(made.pushes))).toBeLessThan(0.15);
  });
});
