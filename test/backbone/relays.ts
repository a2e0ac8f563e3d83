// Relays of a test, each with its place on the backbone and, where asked, clients that connect to it over real sockets.
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Backbone,
  type BackboneEvent,
  type BackboneOptions,
  joinBackbone,
} from "../../host/backbone/index.ts";
import {
  counter,
  createReplica,
  loadEngine,
  log,
  map,
  type Replica,
  type ReplicaOptions,
  schema,
} from "../../host/index.ts";
import { type Relay, serve } from "../../host/relay.ts";
import { hostOf } from "../../host/replica/replica.ts";

export const Home = schema({
  visits: counter(),
  settings: map<Record<string, number>>(),
  events: log<number>(),
});

const engine = await loadEngine({ engine: "baseline" });

export const QUICK: NonNullable<BackboneOptions["timing"]> = {
  tickMs: 50,
  checkMs: 200,
  askAfterMs: 200,
  fillAfterMs: 300,
  requestMs: 2_000,
  reconnectMs: 100,
};

export interface BackboneRelay {
  readonly replica: Replica;
  readonly relay: Relay;
  readonly backbone: Backbone;
  readonly events: BackboneEvent[];
  close(): Promise<void>;
}

const open = new Set<() => Promise<void>>();

/** Closes what a test left open. */
export async function closeAll(): Promise<void> {
  const closing = [...open];
  open.clear();
  for (const close of closing.reverse()) await close();
}

export async function createClient(options: ReplicaOptions = {}): Promise<Replica> {
  const replica = await createReplica({ engine, ...options });
  open.add(() => replica.close());
  return replica;
}

export async function createRelay(
  options: BackboneOptions,
  replicaOptions: ReplicaOptions = {},
): Promise<BackboneRelay> {
  const replica = await createReplica({ engine, ...replicaOptions });
  const relay = await serve(replica, { port: 0, host: "127.0.0.1" });
  const backbone = await joinBackbone(replica, { timing: QUICK, ...options });
  const events: BackboneEvent[] = [];
  backbone.onEvent((event) => events.push(event));
  const close = async () => {
    open.delete(close);
    await backbone.close();
    await relay.close();
    await replica.close();
  };
  open.add(close);
  return { replica, relay, backbone, events, close };
}

export const openHome = (replica: Replica, name = "home") => replica.open(name, Home);

/** Waits until `isDone`; says what it saw when it gives up. Limits are generous: a slow machine must pass too. */
export async function until(
  isDone: () => boolean,
  what: () => unknown = () => "",
  limitMs = 50_000,
): Promise<void> {
  const start = performance.now();
  while (!isDone()) {
    if (performance.now() - start > limitMs)
      throw new Error(`gave up after ${limitMs} ms: ${JSON.stringify(what())}`);
    await sleep(10);
  }
}

/** Digest and vector of a document, to compare replicas by. */
export async function stateOf(replica: Replica, name = "home"): Promise<string> {
  const core = await hostOf(replica).openCore(name);
  core.flushLocal();
  return JSON.stringify([core.engine.digest(), core.versionVector]);
}

export async function untilEqual(
  replicas: readonly Replica[],
  name = "home",
  limitMs = 50_000,
): Promise<void> {
  const start = performance.now();
  for (;;) {
    const states = await Promise.all(replicas.map((replica) => stateOf(replica, name)));
    if (new Set(states).size === 1) return;
    if (performance.now() - start > limitMs) throw new Error(`still differ:\n${states.join("\n")}`);
    await sleep(20);
  }
}
