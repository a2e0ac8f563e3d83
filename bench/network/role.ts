// One process of a network benchmark: a relay, or clients of one. It does what fork.ts asks for.
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { systemOf } from "./roster.ts";
import type { Client, Reader } from "./system.ts";

export type Told = { readonly progress: number } | Answer;

export interface Answer {
  readonly call: number;
  readonly value?: unknown;
  readonly error?: string;
}

export interface Where {
  readonly system: string;
  readonly url: string;
  readonly document: string;
}

/** How long to write: for `leastMs` and until there are `updatesMin`, but no longer than `mostMs`. */
export interface Span {
  readonly leastMs: number;
  readonly mostMs: number;
  readonly updatesMin: number;
  readonly updatesMax: number;
}

export interface Usage {
  readonly cpuMs: number;
  readonly residentBytes: number;
  /** What is alive in JavaScript and in buffers. */
  readonly aliveBytes: number;
}

const PROGRESS_MS = 3;
const JOINING = 20;
const SECOND_MS = 1_000;

const clients: Client[] = [];
const readers: Reader[] = [];
const sockets = new Set<Socket>();
/** When connections came, in milliseconds. */
const arrivals: number[] = [];
/** When clients were let in. */
const joined: number[] = [];
let openDocuments: () => number = () => 0;
let closedBytes = 0;
let progress = 0;
/** Every write of this process has a key of its own. */
let keys = 0;
let progressChanged: () => void = () => {};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const nowNs = (): number => Number(process.hrtime.bigint());

function countWire(server: Server): void {
  server.on("connection", (socket) => {
    arrivals.push(performance.now());
    sockets.add(socket);
    socket.on("close", () => {
      closedBytes += socket.bytesRead + socket.bytesWritten;
      sockets.delete(socket);
    });
  });
}

/** The most connections within any second. */
function peakOf(times: readonly number[]): number {
  let peak = 0;
  for (let first = 0, last = 0; last < times.length; last += 1) {
    while (times[last]! - times[first]! > SECOND_MS) first += 1;
    peak = Math.max(peak, last - first + 1);
  }
  return peak;
}

const leastOf = (): number => {
  let least = Number.POSITIVE_INFINITY;
  for (const { updates } of readers) least = Math.min(least, updates);
  for (const { size } of clients) least = Math.min(least, size);
  return least;
};

function reportProgress(): void {
  let told = 0;
  setInterval(() => {
    const least = leastOf();
    if (least === told || !Number.isFinite(least)) return;
    told = least;
    process.send?.({ progress: least });
  }, PROGRESS_MS);
}

const operations = {
  async serve(system: string, port: number, storage?: string) {
    const relay = await systemOf(system).serve(port, storage);
    countWire(relay.server);
    relay.onJoined?.(() => joined.push(performance.now()));
    openDocuments = relay.openDocuments ?? openDocuments;
    return { url: `ws://127.0.0.1:${port}`, document: relay.document };
  },
  async usage(isCollected = false): Promise<Usage> {
    if (isCollected) {
      for (let round = 0; round < 3; round += 1) {
        await turn();
        globalThis.gc?.();
      }
    }
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { cpuMs: (user + system) / 1_000, residentBytes: rss, aliveBytes: heapUsed + external };
  },
  async wire() {
    let bytes = closedBytes;
    for (const socket of sockets) bytes += socket.bytesRead + socket.bytesWritten;
    return { bytes, connections: sockets.size, peak: peakOf(arrivals), peakJoined: peakOf(joined) };
  },
  async join({ system, url, document }: Where, count: number) {
    for (let index = 0; index < count; index += 1) clients.push(await systemOf(system).join(url, document));
  },
  async openDocuments() {
    return openDocuments();
  },
  async touch({ system, url }: Where, from: number, count: number) {
    await systemOf(system).touch?.(url, from, count);
  },
  /** Clients of a crowd, several at a time, each to one of `documents` documents. */
  async joinCrowd({ system, url }: Where, count: number, documents: number) {
    const { joinCrowd } = systemOf(system);
    for (let begun = 0; begun < count; begun += JOINING) {
      const group = Array.from({ length: Math.min(JOINING, count - begun) }, (_, index) => {
        return joinCrowd!(url, `room-${(begun + index) % documents}`);
      });
      clients.push(...(await Promise.all(group)));
    }
  },
  /** Every client writes one entry of its own. */
  async writeOnce(name: string) {
    for (const [index, client] of clients.entries())
      client.write(`${process.pid}-${index}-${name}`, "12345678");
  },
  async fill(count: number) {
    const entries = Array.from({ length: count }, (_, index) => {
      return [`key-${index.toString(36).padStart(7, "0")}`, hexOf(index, 8)] as const;
    });
    clients[0]!.fill(entries);
  },
  /** Many entries a turn, of values like those of a form; waits for the relay now and then. */
  async fillTurns(turns: number, entries: number, keysMax: number) {
    const client = clients[0]!;
    for (let made = 1; made <= turns; made += 1) {
      client.fill(
        Array.from({ length: entries }, () => {
          keys += 1;
          const value = { user: `user-${keys % 97}`, theme: "dark", volume: keys % 100, at: 1.7e12 + keys };
          return [`settings/${keys % keysMax}`, JSON.stringify(value)] as const;
        }),
      );
      await turn();
      if (made % 20 === 0 || made === turns) await client.synced();
    }
  },
  /** Overwrites `keys` keys again and again, never more than `window` ahead of the slowest reader. */
  async overwrite(updates: number, keysMax: number, window: number, valueBytes: number) {
    for (let last = keys + updates; keys < last; keys += 1) {
      while (keys - progress >= window) {
        await new Promise<void>((resolve) => {
          progressChanged = resolve;
        });
      }
      clients[0]!.write(`key-${keys % keysMax}`, hexOf(keys, valueBytes));
      await turn();
    }
    return keys;
  },
  async values(count: number) {
    return Array.from({ length: count }, (_, index) =>
      Number.parseInt(clients[0]!.get(`key-${index}`) ?? "", 16),
    );
  },
  /** Light readers where the system has them. Tells how far the slowest is. */
  async read({ system, url, document }: Where, count: number) {
    const { read, join } = systemOf(system);
    for (let index = 0; index < count; index += 1) {
      if (read === undefined) clients.push(await join(url, document));
      else readers.push(await read(url, document));
    }
    reportProgress();
  },
  /** Every client writes in turns, each write an update, never more than `window` ahead of the slowest reader. */
  async write({ leastMs, mostMs, updatesMin, updatesMax }: Span, window: number, valueBytes: number) {
    const begin = performance.now();
    const start = keys;
    let written = 0;
    const goesOn = (ms: number) => ms < leastMs || (written < updatesMin && ms < mostMs);
    while (written < updatesMax && goesOn(performance.now() - begin)) {
      if (start + written - progress >= window) {
        await new Promise<void>((resolve) => {
          progressChanged = resolve;
        });
        continue;
      }
      for (const [index, client] of clients.entries()) {
        client.write(`${index}-${keys.toString(36).padStart(7, "0")}`, hexOf(keys, valueBytes));
        written += 1;
        keys += 1;
      }
      await turn();
    }
    return written;
  },
  async progressed() {
    return leastOf();
  },
  async sums() {
    return [...new Set(readers.map(({ updates, sum }) => `${updates} ${sum}`))];
  },
  async sizes() {
    return clients.map(({ size }) => size);
  },
  async synced() {
    await Promise.all(clients.map((client) => client.synced()));
  },
  /** Notes from now on when each entry was there. */
  async watch() {
    const [client] = clients;
    const known = client!.size;
    const seen: number[] = [];
    client!.onRemote(() => {
      const at = nowNs();
      while (seen.length < client!.size - known) seen.push(at);
    });
    watched = seen;
  },
  async watched() {
    return watched;
  },
  /** Writes one entry every few milliseconds; answers when. */
  async tick(count: number, everyMs: number) {
    const written: number[] = [];
    for (let index = 0; index < count; index += 1) {
      written.push(nowNs());
      clients[0]!.write(`tick-${index}`, "12345678");
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    return written;
  },
};

let watched: number[] = [];

export type Operations = typeof operations;

function hexOf(number: number, bytes: number): string {
  return number.toString(16).padStart(bytes, "0");
}

interface Call {
  readonly call: number;
  readonly operation: keyof Operations;
  readonly parameters: readonly unknown[];
}

process.on("message", (message: Call | { progress: number } | { end: true }) => {
  if ("end" in message) process.exit(0);
  if ("progress" in message) {
    progress = message.progress;
    progressChanged();
    return;
  }
  const { call, operation, parameters } = message;
  const work = operations[operation] as (...parameters: readonly unknown[]) => Promise<unknown>;
  work(...parameters).then(
    (value) => process.send?.({ call, value }),
    (error: unknown) => process.send?.({ call, error: error instanceof Error ? error.stack : String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
