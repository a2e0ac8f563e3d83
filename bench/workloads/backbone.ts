// What one relay takes in until another one has it: over NATS JetStream on a server of this run's own, and for comparison
// over one WebSocket between the two. Both relays live in this process, so the CPU time is that of both ends. Latency
// is measured with one delta on its way at a time, throughput with a delta each turn of the event loop.
import { setTimeout as sleep } from "node:timers/promises";
import { joinBackbone } from "../../host/backbone/index.ts";
import { createReplica, type LogHandle, log, type Replica, schema } from "../../host/index.ts";
import { serve } from "../../host/relay.ts";
import { createNatsServer, isNatsInstalled } from "../../test/backbone/nats-server.ts";
import { median } from "../timing.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";

const NATS = "nats";
const OUTAGE_DELTAS = 500;
const Home = schema({ events: log<number>() });
const turn = () => new Promise((resolve) => setImmediate(resolve));

interface Events {
  readonly events: LogHandle<number>;
  subscribe(listener: () => void): unknown;
}

interface Pair {
  readonly left: Replica;
  readonly right: Replica;
  /** Resolves when what one writes reaches the other without waiting for a connection. */
  ready(): Promise<void>;
  /** Kills every server; starts them again. */
  readonly outage?: { begin(): Promise<void>; end(): Promise<void> };
  close(): Promise<void>;
}

async function overNats(): Promise<Pair> {
  const server = await createNatsServer();
  const [left, right] = [await createReplica(), await createReplica()];
  const backbones = [
    await joinBackbone(left, { servers: server.url }),
    await joinBackbone(right, { servers: server.url }),
  ];
  return {
    left,
    right,
    ready: async () => void (await Promise.all(backbones.map((backbone) => backbone.caughtUp()))),
    outage: { begin: () => server.kill(), end: () => server.start() },
    close: async () => {
      for (const backbone of backbones) await backbone.close();
      await Promise.all([left.close(), right.close()]);
      await server.remove();
    },
  };
}

async function overSocket(): Promise<Pair> {
  const [left, right] = [await createReplica(), await createReplica()];
  const relay = await serve(left, { port: 0, host: "127.0.0.1" });
  const connection = await right.connect(relay.url);
  return {
    left,
    right,
    ready: () => connection.synced(),
    close: async () => {
      await right.close();
      await relay.close();
      await left.close();
    },
  };
}

/** Writes on one side and waits for the other. */
class Course {
  written = 0;
  readonly #home: Events;
  readonly #afar: Events;
  #arrivedMs = 0;

  constructor(home: Events, afar: Events) {
    this.#home = home;
    this.#afar = afar;
    afar.subscribe(() => {
      this.#arrivedMs = performance.now();
    });
  }

  write(): void {
    this.#home.events.append(this.written++);
  }

  async arrival(): Promise<void> {
    while (this.#afar.events.size < this.written) await turn();
  }

  /** Milliseconds from the write to the change event on the other side. */
  async one(): Promise<number> {
    const startMs = performance.now();
    this.write();
    await this.arrival();
    return this.#arrivedMs - startMs;
  }

  check(): string {
    const sum = this.#afar.events.entries().reduce((total, { value }) => total + value, 0);
    return `${this.written} ${sum}`;
  }
}

async function latencies(course: Course, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let index = 0; index < count; index++) {
    found.push(await course.one());
    await sleep(1);
  }
  return found.sort((left, right) => left - right);
}

/** A delta each turn: seconds and CPU microseconds until all have arrived. */
async function throughput(course: Course, count: number) {
  const before = process.cpuUsage();
  const startMs = performance.now();
  for (let index = 0; index < count; index++) {
    course.write();
    await turn();
  }
  await course.arrival();
  const seconds = (performance.now() - startMs) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return { seconds, cpuMicroseconds: user + system };
}

async function outage(course: Course, { outage }: Pair): Promise<Figure[]> {
  if (outage === undefined) return [];
  await outage.begin();
  for (let index = 0; index < OUTAGE_DELTAS; index++) {
    course.write();
    await sleep(1);
  }
  const startMs = performance.now();
  await outage.end();
  await course.arrival();
  const figure = `all servers killed and started again, until ${OUTAGE_DELTAS} deltas of meanwhile arrived`;
  return [{ figure, value: performance.now() - startMs, unit: "ms" }];
}

async function run({ competitor, isQuick }: Circumstances): Promise<Outcome> {
  const pair = competitor === NATS ? await overNats() : await overSocket();
  const course = new Course(await pair.left.open("home", Home), await pair.right.open("home", Home));
  await pair.ready();
  const [warmUps, single, many] = isQuick ? [5, 20, 200] : [300, 2_000, 30_000];
  await latencies(course, warmUps);
  const times = await latencies(course, single);
  const { seconds, cpuMicroseconds } = await throughput(course, many);
  const check = course.check();
  const figures: Figure[] = [
    { figure: `A to B over ${competitor}, p50`, value: median(times), unit: "ms" },
    {
      figure: `A to B over ${competitor}, p99`,
      value: times[Math.floor(times.length * 0.99)]!,
      unit: "ms",
    },
    { figure: `deltas a second over ${competitor}`, value: many / seconds, unit: "1/s" },
    { figure: `CPU a delta over ${competitor}, both relays`, value: cpuMicroseconds / many, unit: "µs" },
    ...(await outage(course, pair)),
  ];
  await pair.close();
  return { samples: [{ workload: "backbone", n: many, nsPerOp: (seconds * 1e9) / many }], figures, check };
}

export const backbone: Workload = {
  name: "backbone",
  competitors: [NATS, "one socket"],
  rounds: 3,
  missing: (competitor) =>
    competitor === NATS && !isNatsInstalled() ? "nats-server is not installed" : undefined,
  run,
};
