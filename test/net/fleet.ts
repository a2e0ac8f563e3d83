// Replicas joined by memory transports, for tests: who is connected to whom is said in one line, and a transport can
// be made to lose, double, swap, cut or damage what it carries.
import type { ReplicaId } from "../../host/engine/engine.ts";
import { loadEngine } from "../../host/engine/load-engine.ts";
import { type Hub, hubOf, type NetworkOptions, type Session } from "../../host/net/index.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import { platform as nodePlatform } from "../../host/platform/node.ts";
import type { Platform } from "../../host/platform/platform.ts";
import type { Transport } from "../../host/platform/transport.ts";
import type { ReplicaHost } from "../../host/replica/ports.ts";
import { hostOf, Replica } from "../../host/replica/replica.ts";
import { counter, log, map, schema, set } from "../../host/replica/schema.ts";

export const Home = schema({
  visits: counter(),
  settings: map<Record<string, string>>(),
  tags: set<string>(),
  events: log<number>(),
});

export interface Node {
  readonly replica: Replica;
  readonly host: ReplicaHost;
  readonly hub: Hub;
}

/** The sessions do not know the difference; NET_ENGINE=wasm runs them on the other engine. */
const engine = await loadEngine({ engine: process.env.NET_ENGINE === "wasm" ? "wasm" : "baseline" });

export const FAST = { timing: { heartbeatMs: 400, repairMs: 60, handshakeMs: 500 } } as const;

export function createNode(
  id: number | string,
  options: NetworkOptions = FAST,
  platform: Platform = nodePlatform,
): Node {
  const replica = new Replica({
    platform,
    engine,
    id: (typeof id === "string" ? id : id.toString(16).padStart(16, "0")) as ReplicaId,
    driftLimitMs: 60_000,
    store: undefined,
    createNetwork: async (host) => hubOf(host, options),
  });
  const host = hostOf(replica);
  return { replica, host, hub: hubOf(host, options) };
}

export const openHome = (node: Node, name = "home") => node.replica.open(name, Home);

/** Connects `client` to `server`; `wrap` stands between each end and its transport. */
export function join(
  client: Node,
  server: Node,
  wrap: (transport: Transport) => Transport = (transport) => transport,
): { readonly client: Session; readonly server: Session; cut(): void } {
  const [left, right] = createMemoryTransports((deliver) => setImmediate(deliver));
  const serverSession = server.hub.attach(wrap(right), "server");
  const clientSession = client.hub.attach(wrap(left), "client");
  return { client: clientSession, server: serverSession, cut: () => left.terminate() };
}

/** Joins again and again until stopped, as a client that reconnects does. */
export function joinLasting(
  client: Node,
  server: Node,
  wrap: (transport: Transport) => Transport = (transport) => transport,
): { readonly ends: (string | undefined)[]; cut(): void; stop(): void } {
  const ends: (string | undefined)[] = [];
  let isStopped = false;
  let cut = () => {};
  const connect = () => {
    if (isStopped) return;
    const [left, right] = createMemoryTransports((deliver) => setImmediate(deliver));
    cut = () => left.terminate();
    server.hub.attach(wrap(right), "server");
    client.hub.attach(wrap(left), "client", undefined, (end) => {
      ends.push(end.error?.code);
      if (end.retry === "new-id") client.host.rotateId("id-taken");
      left.terminate();
      setTimeout(connect, 5);
    });
  };
  connect();
  return {
    ends,
    cut: () => cut(),
    stop: () => {
      isStopped = true;
      cut();
    },
  };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `holds`; throws with `what` when it does not within `withinMs`. */
export async function until(what: string, holds: () => boolean, withinMs = 10_000): Promise<void> {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(2);
  }
}

export function digestsOf(nodes: readonly Node[], name = "home"): (string | undefined)[] {
  return nodes.map((node) => [...node.host.documents()].find((core) => core.name === name)?.engine.digest());
}

/** Whether all have the document and agree; looks at the vectors first, since digests of large documents take time. */
export function areEqual(nodes: readonly Node[], name = "home"): boolean {
  const vectors = nodes.map(
    (node) => [...node.host.documents()].find((core) => core.name === name)?.versionVector,
  );
  const [first] = vectors;
  if (first === undefined || !vectors.every((vector) => vector?.equals(first))) return false;
  const digests = digestsOf(nodes, name);
  return digests[0] !== undefined && digests.every((digest) => digest === digests[0]);
}

export const converged = (nodes: readonly Node[], name = "home", withinMs?: number): Promise<void> =>
  until(`digests of ${name} are equal`, () => areEqual(nodes, name), withinMs);
