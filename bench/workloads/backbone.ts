// What one relay takes in until another one has it: over NATS JetStream on a server of this run's own, and for comparison
// over one WebSocket between the two. Both relays live in this process, so the CPU time is that of both ends. Latency
// is measured with one delta on its way at a time, throughput with a delta each turn of the event loop.
import { setTimeout as sleep } from "node:timers/promises";
import { joinBackbone } from "../../host/backbone/index.ts";
import { createReplica, log, type Replica, schema } from "../../host/index.ts";
import { serve } from "../../host/relay.ts";
import { createNatsServer, isNatsInstalled } from "../../test/backbone/nats-server.ts";
import { median } from "../timing.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";

const NATS = "nats";
const Home = schema({ events: log<number>() });
const turn = () => new Promise((resolve) => setImmediate(resolve));

interface Pair {
  readonly left: Replica;
  readonly right: Replica;
  /** Resolves when what one writes reaches the other without waiting for a connection. */
  ready(): Promise<void>;
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

async function run({ competitor, isQuick }: Circumstances): Promise<Outcome> {
  const pair = competitor === NATS ? await overNats() : await overSocket();
  const home = await pair.left.open("home", Home);
  const afar = await pair.right.open("home", Home);
  await pair.ready();
  let arrivedMs = 0;
  afar.subscribe(() => {
    arrivedMs = performance.now();
  });
  let written = 0;
  const arrival = async (): Promise<void> => {
    while (afar.events.size < written) await turn();
  };
  const one = async (): Promise<number> => {
    const startMs = performance.now();
    home.events.append(written++);
    await arrival();
    return arrivedMs - startMs;
  };
  const [warmUps, single, many] = isQuick ? [5, 20, 200] : [300, 2_000, 30_000];
  for (let index = 0; index < warmUps; index++) await one();
  const latencies: number[] = [];
  for (let index = 0; index < single; index++) {
    latencies.push(await one());
    await sleep(1);
  }
  const before = process.cpuUsage();
  const startMs = performance.now();
  for (let index = 0; index < many; index++) {
    home.events.append(written++);
    await turn();
  }
  await arrival();
  const seconds = (performance.now() - startMs) / 1_000;
  const { user, system } = process.cpuUsage(before);
  const sum = afar.events.entries().reduce((total, { value }) => total + value, 0);
  await pair.close();
  latencies.sort((left, right) => left - right);
  return {
    samples: [{ workload: "backbone", n: many, nsPerOp: (seconds * 1e9) / many }],
    figures: [
      { figure: `A to B over ${competitor}, p50`, value: median(latencies), unit: "ms" },
      {
        figure: `A to B over ${competitor}, p99`,
        value: latencies[Math.floor(latencies.length * 0.99)]!,
        unit: "ms",
      },
      { figure: `deltas a second over ${competitor}`, value: many / seconds, unit: "1/s" },
      { figure: `CPU a delta over ${competitor}, both relays`, value: (user + system) / many, unit: "µs" },
    ],
    check: `${written} ${sum}`,
  };
}

export const backbone: Workload = {
  name: "backbone",
  competitors: [NATS, "one socket"],
  rounds: 3,
  missing: (competitor) =>
    competitor === NATS && !isNatsInstalled() ? "nats-server is not installed" : undefined,
  run,
};
