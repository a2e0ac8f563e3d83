// A transport that breaks its promise: by chance it loses, doubles, swaps, cuts short or damages what it is given.
import type { Transport } from "../../host/platform/transport.ts";

export interface Faults {
  /** Chances in [0, 1], tried in this order; at most one fault a message. */
  readonly lose?: number;
  readonly double?: number;
  readonly swap?: number;
  readonly truncate?: number;
  readonly flip?: number;
}

export interface FaultyWorld {
  /** Faults happen only while this is true. */
  isFaulty: boolean;
  /** How many messages met a fault. */
  count: number;
  readonly wrap: (transport: Transport) => Transport;
}

/** A small generator (mulberry32), so that a failing seed can be repeated. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function faultyWorld(faults: Faults, random: () => number): FaultyWorld {
  const world: FaultyWorld = {
    isFaulty: true,
    count: 0,
    wrap(transport) {
      let held: Uint8Array | undefined;
      const send = (bytes: Uint8Array) => {
        transport.send(bytes);
        if (held === undefined) return;
        const late = held;
        held = undefined;
        transport.send(late);
      };
      const faulty = (bytes: Uint8Array) => {
        const kind = world.isFaulty ? pick(faults, random) : undefined;
        if (kind !== undefined) world.count++;
        if (kind === "lose") return;
        if (kind === "swap") held = bytes;
        else if (kind === "truncate") send(bytes.slice(0, Math.floor(random() * bytes.length)));
        else if (kind === "flip") send(flipped(bytes, random));
        else {
          send(bytes);
          if (kind === "double") send(bytes);
        }
      };
      return {
        peer: transport.peer,
        get bufferedBytes() {
          return transport.bufferedBytes;
        },
        send: faulty,
        onMessage: (listener) => transport.onMessage(listener),
        onClose: (listener) => transport.onClose(listener),
        close: (code, reason) => transport.close(code, reason),
        terminate: () => transport.terminate(),
      };
    },
  };
  return world;
}

function pick(faults: Faults, random: () => number): keyof Faults | undefined {
  for (const kind of ["lose", "double", "swap", "truncate", "flip"] as const) {
    if (random() < (faults[kind] ?? 0)) return kind;
  }
  return undefined;
}

function flipped(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = bytes.slice();
  copy[Math.floor(random() * copy.length)]! ^= 1 << Math.floor(random() * 8);
  return copy;
}
