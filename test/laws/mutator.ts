// Random mutations of one document, told to the specification as steps. Timestamps are read from the delta each
// mutation leaves, by the plain decoder; that a mutation never loses to what its replica had seen is checked here.
import {
  type ContainerTypeName,
  type EngineDocument,
  LIST_KINDS,
  SERIES_REQUESTS,
} from "../../host/engine/engine.ts";
import { readVarint } from "../../host/wire/varint.ts";
import { Batch, type ExportedEntry, hex, readEntries, readVector } from "../conformance/batch.ts";
import { decodePlainly, type PlainEntry } from "../conformance/plain-decoder.ts";
import { ask, labelsOf, pointsOf, type Question } from "../conformance/series-questions.ts";
import { choose } from "./choices.ts";
import type { Containers } from "./history.ts";
import type { Random } from "./random.ts";
import {
  compareNumbers,
  type Deed,
  type Seen,
  type Step,
  showNumber,
  specifyBounded,
  specifyCounter,
  specifyElements,
  specifyExtreme,
  specifyList,
  specifyLog,
  specifySeries,
  specifyValues,
  specifyWinners,
} from "./specification.ts";

/** What one operation did, before its timestamp is known. */
type Intent = { readonly container: string; readonly seen: Seen; readonly sequence: number } & Deed;
/** A crowd of points, and joining them. */
const CROWD_OPERATIONS = 21;
/** Deeds whose order is a matter of timestamps; the others leave no entry for sure. */
const TIMED = ["write", "append", "propose", "insert"] as const;
const isTimed = ({ verb }: Deed): boolean => TIMED.some((timed) => timed === verb);

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
    const value = `value ${document.replica.slice(-2)}.${++this.#count}`;
    const random = this.#random;
    const deed = choose(type, {
      batch,
      index,
      random,
      document,
      value: value.repeat(random.chance(0.1) ? 8 : 1),
    });
    const { bytes } = batch;
    const { effective, sequence } = document.mutate(bytes, bytes.length, nowMs);
    const operations = type === "series" ? CROWD_OPERATIONS : 1;
    check(sequence === document.sequence() && effective <= operations, "a mutation says what it did");
    if (sequence === before) {
      check(effective === 0, "a mutation without a dot has no effect");
      if (deed?.verb === "propose") checkBeyond(document, index, type, deed.number);
      return [];
    }
    if (deed !== undefined) return [{ ...deed, container, seen, sequence }];
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

  /** Finds out when each intent happened. One that the same transaction took back leaves no entry and no step. */
  #timed(intents: readonly Intent[], before: number): Step[] {
    if (intents.length === 0) return [];
    const { replica } = this.#document;
    const entries = new Map<number, PlainEntry>();
    if (intents.some(isTimed)) {
      const delta = decodePlainly(this.#document.localDelta(before));
      for (const entry of delta.entries) entries.set(entry.sequence, entry);
    }
    return intents.flatMap((intent): Step[] => {
      const entry = entries.get(intent.sequence);
      const step = { ...intent, replica, timestamp: entry?.timestamp ?? -1 };
      if (step.verb === "write" && entry !== undefined) {
        return [{ ...step, key: String.fromCharCode(...entry.key) }];
      }
      check(step.verb !== "insert" || entry !== undefined, "a position stays for ever");
      return entry === undefined && isTimed(step) ? [] : [step];
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
    return specifyOne(type, own);
  });
}

function specifyOne(type: ContainerTypeName, steps: readonly Step[]): string {
  switch (type) {
    case "counter":
      return specifyCounter(steps);
    case "register":
    case "map":
      return specifyWinners(steps);
    case "set":
    case "flag":
      return specifyElements(steps);
    case "log":
    case "workflow":
    case "vote":
      return specifyLog(steps);
    case "multi-value":
    case "multi-map":
      return specifyValues(steps);
    case "maximum":
      return specifyExtreme(steps, 1);
    case "minimum":
      return specifyExtreme(steps, -1);
    case "bounded":
      return specifyBounded(steps);
    case "graph":
      return specifyElements(steps) + specifyWinners(steps);
    case "series":
      return specifySeries(steps);
    case "list":
      return specifyList(steps);
  }
}

/** A number that had no effect does not lie beyond the one that is there. */
function checkBeyond(
  document: EngineDocument,
  index: number,
  type: ContainerTypeName,
  proposed: number,
): void {
  const payload = document.read(index, new Uint8Array(0));
  check(payload !== undefined, "the first number of a maximum has an effect");
  const there = new DataView(payload!.buffer, payload!.byteOffset).getFloat64(0, true);
  const order = compareNumbers(proposed, there);
  check(type === "maximum" ? order <= 0 : order >= 0, "a number beyond the one there has an effect");
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
    const index = document.container(type, name.split("#")[0]!);
    if (type === "series") return observeSeries(document, index);
    return observeOne(type, readEntries(document.entries(index, 0)));
  });
}

function observeSeries(document: EngineDocument, index: number): string {
  const labels = labelsOf(document, index);
  const points = labels.map(({ label }) => pointsOf(document, index, bytesOf(label)));
  labels.forEach((row, number) => {
    const shown = points[number]!;
    check(row.points === shown.length, "a label has as many points as it shows");
    check(row.firstTime === shown[0]![0] && row.lastTime === shown.at(-1)![0], "a label knows its times");
  });
  const total = points.reduce((sum, { length }) => sum + length, 0);
  check(document.size(index) === total, "a series has the size it shows");
  return JSON.stringify(labels.map(({ label }, number) => [label, points[number]]));
}

/** What a series answers beside its points, to the last bit: replicas that have the same must say the same. */
export function answersOf(document: EngineDocument, containers: Containers): string {
  const questions: Question[] = [
    { kind: SERIES_REQUESTS.labels },
    { kind: SERIES_REQUESTS.reduce },
    { kind: SERIES_REQUESTS.reduce, from: 7, to: 31.5, labels: ["a", "", "none"] },
    { kind: SERIES_REQUESTS.windows, origin: 3, width: 7, from: -9, to: 60 },
    { kind: SERIES_REQUESTS.windows, width: 2 ** 20, to: 2 ** 41 },
    { kind: SERIES_REQUESTS.sketch, from: 2 },
    { kind: SERIES_REQUESTS.points, labels: ["a"], limit: 3, from: 5, to: 30 },
    { kind: SERIES_REQUESTS.points, labels: [""], limit: 3, order: 1, from: 5 },
    { kind: SERIES_REQUESTS.timeOfNewest, labels: ["a"], limit: 4 },
  ];
  const answers = forEachContainer(containers, (name, type) => {
    if (type !== "series") return "";
    const index = document.container(type, name.split("#")[0]!);
    return questions.map((question) => hex(ask(document, index, question))).join(" ");
  });
  return JSON.stringify(answers);
}

function observeOne(type: ContainerTypeName, entries: readonly ExportedEntry[]): string {
  switch (type) {
    case "counter":
      return JSON.stringify(entries.map(({ replica, payload }) => [replica, sumsOf(payload)]).sort());
    case "bounded":
      return JSON.stringify(
        entries.map(({ replica, key, payload }) => [replica, key, ...sumsOf(payload)]).sort(),
      );
    case "log":
    case "workflow":
    case "vote":
      return JSON.stringify(entries.map(({ payload }) => payload));
    case "set":
    case "flag":
      return showKeys(entries);
    case "maximum":
    case "minimum":
      return entries
        .map(({ replica, sequence, payload }) => `${showNumber(numberOf(payload))} of ${replica}.${sequence}`)
        .join();
    case "graph": {
      const isAttribute = ({ key }: ExportedEntry): boolean => key.charCodeAt(0) === 3;
      return (
        showKeys(entries.filter((entry) => !isAttribute(entry))) + showPairs(entries.filter(isAttribute))
      );
    }
    case "list": {
      const isPosition = ({ key }: ExportedEntry): boolean => key.charCodeAt(0) === LIST_KINDS.position;
      const positions = entries
        .filter(isPosition)
        .map(({ replica, sequence, key, payload }) => [replica, sequence, key, payload]);
      return JSON.stringify(positions.sort()) + showPairs(entries.filter((entry) => !isPosition(entry)));
    }
    default:
      return showPairs(entries);
  }
}

const showKeys = (entries: readonly ExportedEntry[]): string =>
  JSON.stringify([...new Set(entries.map(({ key }) => key))].sort());
const showPairs = (entries: readonly ExportedEntry[]): string =>
  JSON.stringify(entries.map(({ key, payload }) => [key, payload]).sort());

function forEachContainer(
  containers: Containers,
  show: (name: string, type: ContainerTypeName) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(containers).map(([name, type]) => [name, show(name, type)]));
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

const numberOf = (payload: string): number => new DataView(bytesOf(payload).buffer).getFloat64(0, true);

function sumsOf(payload: string): [number, number] {
  const cursor = { bytes: bytesOf(payload), offset: 0 };
  return [readVarint(cursor), readVarint(cursor)];
}
