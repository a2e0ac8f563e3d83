// The same random script on the baseline and the WebAssembly engine: every answer is compared byte for byte at every
// step, deltas, snapshots, digests, changes, exports and refusals alike. DIFFERENTIAL_RUNS and DIFFERENTIAL_SEED
// choose how many scripts and from where. (Groups of replicas on different engines: test/laws.)
import { beforeAll, expect, it } from "vitest";
import {
  type Engine,
  type EngineDocument,
  type ReplicaId,
  SERIES_REQUESTS,
} from "../../host/engine/engine.ts";
import { isCrdtError } from "../../host/errors.ts";
import { hex, readEntries, readVector, replicaId, vectorBytes } from "../conformance/batch.ts";
import { describeEnginePairs } from "../conformance/engines.ts";
import { ask, type Question } from "../conformance/series-questions.ts";
import { Random } from "../laws/random.ts";
import { randomBatch, randomKey, TYPES } from "./random-batch.ts";

const runs = Number(process.env.DIFFERENTIAL_RUNS ?? 1000);
const firstSeed = Number(process.env.DIFFERENTIAL_SEED ?? 1);
const START_MS = 1_700_000_000_000;
const STEPS = 60;

/** What a call answered, as text: its result, or the code it was refused with. */
function answerOf(call: () => unknown): string {
  try {
    return JSON.stringify([call()], (_, value) =>
      value instanceof Uint8Array ? hex(value) : typeof value === "bigint" ? `${value}n` : value,
    );
  } catch (error) {
    if (!isCrdtError(error)) throw error;
    return `refused: ${error.code}`;
  }
}

/** The same document on both engines. */
class Twin {
  readonly documents: readonly EngineDocument[];
  readonly log: string[];

  constructor(engines: readonly Engine[], replica: number, random: Random, log: string[]) {
    const options = { replica: replicaId(replica), driftLimitMs: 60_000 };
    this.documents = engines.map((engine) =>
      engine.createDocument({ ...options, hashSeed: [random.below(2 ** 32), random.below(2 ** 32)] }),
    );
    this.log = log;
  }

  /** Makes the same call on both; the answers must be the same, and the first is given back. */
  call<Result>(title: string, make: (document: EngineDocument) => Result): Result | undefined {
    const results: Result[] = [];
    const answers = this.documents.map((document) =>
      answerOf(() => {
        const result = make(document);
        results.push(result);
        return result;
      }),
    );
    this.log.push(`${title}: ${answers[0]!.slice(0, 400)}`);
    if (answers[0] !== answers[1]) {
      throw new Error(`${title} differs\n${answers.join("\n")}\nafter\n${this.log.slice(-12).join("\n")}`);
    }
    return results[0];
  }
}

/** One script: two or three replicas that do everything a document can. */
class Script {
  readonly #random: Random;
  readonly #twins: Twin[];
  readonly #pool: Uint8Array[] = [];
  #nowMs = START_MS;

  constructor(engines: readonly Engine[], random: Random) {
    this.#random = random;
    const log: string[] = [];
    this.#twins = Array.from({ length: 3 }, (_, index) => new Twin(engines, 11 * (3 - index), random, log));
    for (const twin of this.#twins) {
      for (const type of random.shuffle(TYPES))
        twin.call(`container ${type}`, (document) => document.container(type, type));
    }
  }

  run(): void {
    for (let step = 0; step < STEPS; step++) {
      if (this.#random.chance(0.3)) this.#nowMs += this.#random.pick([1, 2, 1000, -500, 200_000]);
      this.#step(this.#random.pick(this.#twins), this.#random.pick(this.#twins));
    }
    for (const twin of this.#twins) {
      this.#look(twin);
      for (const document of twin.documents) {
        document.checkInvariants();
        document.close();
      }
    }
  }

  #step(twin: Twin, other: Twin): void {
    const random = this.#random;
    const nowMs = this.#nowMs;
    const dice = random.below(100);
    if (dice < 45) this.#mutate(twin);
    else if (dice < 52) this.#transact(twin);
    else if (dice < 72) this.#exchange(twin, other);
    else if (dice < 78 && this.#pool.length > 0) {
      const bytes = random.pick(this.#pool);
      twin.call("merge from the pool", (document) => document.merge(bytes, nowMs, true));
    } else if (dice < 84) this.#compact(twin);
    else if (dice < 86) twin.call("setClock", (document) => document.setClock((nowMs + 5000) * 1024));
    else if (dice < 87) {
      const replica = replicaId(random.pick([11, 44]));
      twin.call("setReplica", (document) => document.setReplica(replica));
    } else this.#look(twin);
  }

  #mutate(twin: Twin): void {
    const before = twin.call("sequence", (document) => document.sequence())!;
    const batch = randomBatch(this.#random, twin.documents[0]!);
    twin.call(`mutate ${hex(batch)}`, (document) => document.mutate(batch, batch.length, this.#nowMs));
    const delta = twin.call("localDelta", (document) => document.localDelta(before));
    if (delta !== undefined && this.#random.chance(0.4)) this.#pool.push(delta);
    twin.call("clock", (document) => document.clock());
  }

  #transact(twin: Twin): void {
    twin.call("begin", (document) => document.begin());
    for (let count = this.#random.below(4); count > 0; count--) {
      const batch = randomBatch(this.#random, twin.documents[0]!);
      twin.call(`mutate in transaction ${hex(batch)}`, (document) =>
        document.mutate(batch, batch.length, this.#nowMs),
      );
      twin.call("containers in transaction", (document) => document.containers());
    }
    const isKept = this.#random.chance(0.5);
    twin.call(isKept ? "commit" : "rollback", (document) =>
      isKept ? document.commit() : document.rollback(),
    );
    this.#look(twin);
  }

  #exchange(twin: Twin, other: Twin): void {
    const vector = other.call("versionVector", (document) => document.versionVector())!;
    const bytes = twin.call("deltaSince", (document) => document.deltaSince(vector))!;
    this.#pool.push(bytes);
    if (this.#random.chance(0.2)) this.#pool.push(twin.call("snapshot", (document) => document.snapshot())!);
    if (this.#random.chance(0.8)) other.call("merge", (document) => document.merge(bytes, this.#nowMs, true));
  }

  #compact(twin: Twin): void {
    const own = readVector(twin.call("versionVector", (document) => document.versionVector())!);
    const stable = own
      .map(([id, sequence]) => [BigInt(`0x${id}`), this.#random.below(sequence + 2)] as const)
      .filter(([, sequence]) => sequence > 0);
    const nowMs = this.#nowMs + this.#random.below(3);
    twin.call("compact", (document) => document.compact(vectorBytes(stable), nowMs));
  }

  #look(twin: Twin): void {
    twin.call("digest", (document) => document.digest());
    twin.call("snapshot", (document) => document.snapshot());
    twin.call("statistics", (document) => document.statistics());
    twin.call("floor", (document) => document.floor());
    for (const { index, type } of twin.call("containers", (document) => document.containers())!) {
      const last = this.#random.below(4);
      twin.call("entries", (document) => document.entries(index, last));
      if (type === "series") this.#question(twin, index);
      if (type === "counter") twin.call("counter", (document) => document.counter(index));
    }
    for (let count = 0; count < 4; count++) this.#lookUp(twin);
  }

  /** Asks a series a few things; some of them are refused. */
  #question(twin: Twin, index: number): void {
    const random = this.#random;
    for (const kind of Object.values(SERIES_REQUESTS)) {
      const isOfOne = kind === SERIES_REQUESTS.points || kind === SERIES_REQUESTS.timeOfNewest;
      const some = random.shuffle(["", "a", "b", "none"]).slice(0, isOfOne ? 1 : random.below(4));
      const from = random.chance(0.4) ? undefined : random.below(400);
      const question: Question = {
        kind: random.chance(0.01) ? random.below(9) : kind,
        order: random.below(2),
        limit: random.chance(0.3) ? 0 : 1 + random.below(20),
        origin: random.pick([0, -7, 123]),
        width: random.pick([1, 10, 333, 86_400_000, 0.5]),
        labels: kind === SERIES_REQUESTS.labels ? [] : some,
        ...(from === undefined ? {} : { from, to: from + random.pick([-1, 0, 100, 1000]) }),
      };
      twin.call(`series ${JSON.stringify(question)}`, (document) => ask(document, index, question));
    }
  }

  /** Reads one key and one dot, mostly such as are there. */
  #lookUp(twin: Twin): void {
    const random = this.#random;
    const index = random.below(twin.documents[0]!.containers().length);
    const entries = readEntries(twin.documents[0]!.entries(index, 0));
    const entry = entries.length > 0 && random.chance(0.8) ? random.pick(entries) : undefined;
    const key =
      entry === undefined
        ? randomKey(random)
        : Uint8Array.from(entry.key, (character) => character.charCodeAt(0));
    twin.call("entriesOf", (document) => document.entriesOf(index, key));
    twin.call("read", (document) => document.read(index, key));
    twin.call("has", (document) => document.has(index, key));
    const [replica, sequence] =
      entry === undefined
        ? [replicaId(random.pick([11, 22, 33, 44])), random.below(20)]
        : [entry.replica as ReplicaId, entry.sequence];
    const other = random.chance(0.2) ? random.below(TYPES.length) : index;
    twin.call("entryAt", (document) => document.entryAt(other, replica, sequence));
  }
}

describeEnginePairs("differential", (create) => {
  let engines: readonly Engine[];
  beforeAll(async () => {
    engines = await create();
  });

  it(`${runs} scripts from seed ${firstSeed} give equal bytes`, { timeout: 60_000 + runs * 300 }, () => {
    for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
      try {
        new Script(engines, new Random(seed)).run();
      } catch (error) {
        throw new Error(`replay with DIFFERENTIAL_SEED=${seed} DIFFERENTIAL_RUNS=1: ${error}`, {
          cause: error,
        });
      }
    }
    expect(runs).toBeGreaterThan(0);
  });
});
