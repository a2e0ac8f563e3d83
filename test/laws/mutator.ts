// Random mutations of one document, told to the specification as steps. Timestamps are read from the delta each
// mutation leaves, by the plain decoder; that a mutation never loses to what its replica had seen is checked here.
import type { CONTAINER_TYPES, ContainerTypeName, EngineDocument } from "../../host/engine/engine.ts";
import { readVarint } from "../../host/wire/varint.ts";
import { Batch, readEntries, readVector } from "../conformance/batch.ts";
import { decodePlainly, type PlainEntry } from "../conformance/plain-decoder.ts";
import type { Containers } from "./history.ts";
import type { Random } from "./random.ts";
import {
  type Position,
  type Seen,
  type Step,
  specifyCounter,
  specifyElements,
  specifyLog,
  specifyWinners,
} from "./specification.ts";

const KEYS = ["a", "key \u0080\u20ac", "long key, longer than any that is kept inline or read by a loop"];
const encoder = new TextEncoder();
const latin1 = (text: string): string => String.fromCharCode(...encoder.encode(text));

/** What one operation did, before its timestamp is known. */
type Intent = { readonly container: string; readonly seen: Seen; readonly sequence: number } & (
  | { readonly verb: "increment"; readonly amount: number }
  | { readonly verb: "write"; readonly key: string; readonly value: string | undefined }
  | { readonly verb: "add"; readonly key: string }
  | { readonly verb: "remove"; readonly key: string | undefined }
  | { readonly verb: "append"; readonly value: string }
  | { readonly verb: "truncate"; readonly through: Position }
);

export class Mutator {
  readonly #document: EngineDocument;
  readonly #containers: Containers;
  readonly #random: Random;
  #count = 0;

  constructor(document: EngineDocument, containers: Containers, random: Random) {
    this.#document = document;
    this.#containers = containers;
    this.#random = random;
  }

  /** One mutation, or a transaction of several. */
  mutate(nowMs: number): Step[] {
    const document = this.#document;
    const before = document.sequence();
    if (this.#random.chance(0.75)) return this.#timed(this.#mutateOnce(nowMs), before);
    document.begin();
    const intents = this.mutateOpenly(nowMs);
    document.commit();
    return this.#timed(intents, before);
  }

  /** A few mutations without a transaction around them. */
  mutateOpenly(nowMs: number): Intent[] {
    const intents: Intent[] = [];
    for (let count = 1 + this.#random.below(4); count > 0; count--) intents.push(...this.#mutateOnce(nowMs));
    return intents;
  }

  #mutateOnce(nowMs: number): Intent[] {
    const document = this.#document;
    const seen: Seen = new Map(readVector(document.versionVector()));
    const container = this.#random.pick(Object.keys(this.#containers));
    const type = this.#containers[container]!;
    const index = document.container(type, container.split("#")[0]!);
    const before = document.sequence();
    const batch = new Batch();
    const describe = this.#choose(batch, index, type, container);
    const { bytes } = batch;
    const { effective, sequence } = document.mutate(bytes, bytes.length, nowMs);
    check(sequence === document.sequence() && effective <= 1, "a mutation says what it did");
    if (sequence === before) {
      check(effective === 0, "a mutation without a dot has no effect");
      return [];
    }
    if (describe !== undefined) return [{ ...describe, container, seen, sequence }];
    // A cleared map writes one deleted-mark a key: they are found in the delta.
    return Array.from(
      { length: sequence - before },
      (_, offset): Intent => ({
        verb: "write",
        key: "",
        value: undefined,
        container,
        seen,
        sequence: before + 1 + offset,
      }),
    );
  }

  #choose(batch: Batch, index: number, type: ContainerTypeName, container: string) {
    const random = this.#random;
    const key = type === "map" || type === "set" ? random.pick(KEYS) : "";
    const value = `value ${this.#document.replica.slice(-2)}.${++this.#count}`.repeat(
      random.chance(0.1) ? 8 : 1,
    );
    switch (type) {
      case "counter": {
        const amount = random.pick([1, -1, 5, -300, 2 ** 33, 0]);
        batch.increment(index, amount);
        return { verb: "increment", amount } as const;
      }
      case "register":
      case "map": {
        if (type === "map" && random.chance(0.06)) {
          batch.clear(index);
          return undefined;
        }
        const isDelete = random.chance(0.3);
        if (isDelete) batch.delete(index, key);
        else batch.put(index, key, value);
        return { verb: "write", key: latin1(key), value: isDelete ? undefined : value } as const;
      }
      case "set":
      case "flag": {
        if (random.chance(0.08)) {
          batch.clear(index);
          return { verb: "remove", key: undefined } as const;
        }
        const isRemove = random.chance(0.4);
        if (isRemove) batch.remove(index, key);
        else batch.add(index, key);
        return { verb: isRemove ? "remove" : "add", key: latin1(key) } as const;
      }
      case "log":
        if (random.chance(0.85)) {
          batch.push(index, value);
          return { verb: "append", value } as const;
        }
        return this.#chooseTruncation(batch, index, container);
    }
  }

  #chooseTruncation(batch: Batch, index: number, container: string) {
    const entries = readEntries(this.#document.entries(index, 0));
    const through: Position =
      entries.length > 0 && this.#random.chance(0.9)
        ? this.#random.pick(entries)
        : { timestamp: this.#random.below(2 ** 50), replica: "0000000000000000", sequence: 0 };
    const { timestamp, replica, sequence } = through;
    batch.truncate(index, { timestamp, replica: BigInt(`0x${replica}`), sequence });
    return { verb: "truncate", through: { timestamp, replica, sequence }, container } as const;
  }

  /** Finds out when each intent happened. One that the same transaction took back leaves no entry and no step. */
  #timed(intents: readonly Intent[], before: number): Step[] {
    if (intents.length === 0) return [];
    const { replica } = this.#document;
    const entries = new Map<number, PlainEntry>();
    if (intents.some(({ verb }) => verb === "write" || verb === "append")) {
      const delta = decodePlainly(this.#document.localDelta(before));
      for (const entry of delta.entries) entries.set(entry.sequence, entry);
    }
    return intents.flatMap((intent): Step[] => {
      const entry = entries.get(intent.sequence);
      const step = { ...intent, replica, timestamp: entry?.timestamp ?? -1 };
      if (step.verb === "write" && entry !== undefined) {
        return [{ ...step, key: String.fromCharCode(...entry.key) }];
      }
      const mayVanish = step.verb === "increment" || step.verb === "remove" || step.verb === "add";
      return entry === undefined && !mayVanish && step.verb !== "truncate" ? [] : [step];
    });
  }
}

/** An assertion that costs nothing while it holds: there are millions of them. */
export function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`does not hold: ${what}`);
}

/** What the specification says each container shows. */
export function specify(steps: readonly Step[], containers: Containers): Record<string, string> {
  return forEachContainer(containers, (name, type) => {
    const own = steps.filter(({ container }) => container === name);
    checkInflation(own);
    if (type === "counter") return specifyCounter(own);
    if (type === "log") return specifyLog(own);
    return type === "set" || type === "flag" ? specifyElements(own) : specifyWinners(own);
  });
}

/** Invariant: a write is later than every write of its key that its replica had seen. */
function checkInflation(steps: readonly Step[]): void {
  for (const step of steps) {
    if (step.verb !== "write") continue;
    for (const other of steps) {
      if (other.verb !== "write" || other === step || other.key !== step.key) continue;
      if ((step.seen.get(other.replica) ?? 0) < other.sequence) continue;
      check(step.timestamp >= other.timestamp, "a write is not before one that its replica had seen");
    }
  }
}

/** What each container of a document shows. */
export function observe(document: EngineDocument, containers: Containers): Record<string, string> {
  return forEachContainer(containers, (name, type) => {
    const entries = readEntries(document.entries(document.container(type, name.split("#")[0]!), 0));
    if (type === "counter") {
      return JSON.stringify(entries.map(({ replica, payload }) => [replica, sumsOf(payload)]).sort());
    }
    if (type === "log") return JSON.stringify(entries.map(({ payload }) => payload));
    if (type === "set" || type === "flag")
      return JSON.stringify([...new Set(entries.map(({ key }) => key))].sort());
    return JSON.stringify(entries.map(({ key, payload }) => [key, payload]).sort());
  });
}

function forEachContainer(
  containers: Containers,
  show: (name: string, type: keyof typeof CONTAINER_TYPES) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(containers).map(([name, type]) => [name, show(name, type)]));
}

function sumsOf(payload: string): [number, number] {
  const cursor = { bytes: Uint8Array.from(payload, (character) => character.charCodeAt(0)), offset: 0 };
  return [readVarint(cursor), readVarint(cursor)];
}
