// Spoilt and random bytes into merge: a coded error that leaves the document byte for byte as it was, or a good merge,
// and the same on every engine. Most inputs get a true checksum, so that the checks behind it are reached.
// FUZZ_RUNS and FUZZ_SEED choose how many and from where; a failure prints the seed that replays it.
import { beforeAll, describe, expect, it } from "vitest";
import type { ContainerTypeName, Engine, EngineDocument } from "../../host/engine/engine.ts";
import { isCrdtError } from "../../host/errors.ts";
import { hex, replicaId } from "../conformance/batch.ts";
import { candidates } from "../conformance/engines.ts";
import { Mutator } from "../laws/mutator.ts";
import { Random } from "../laws/random.ts";
import { forge, withChecksum } from "./forge.ts";

const runs = Number(process.env.FUZZ_RUNS ?? 20_000);
const firstSeed = Number(process.env.FUZZ_SEED ?? 1);
const TIMEOUT_MS = 60_000 + runs * 10;
/** Inputs one set of documents takes before it is made anew. */
const INPUTS_PER_ROUND = 200;
const NOW_MS = 1_700_000_000_000;
const containers: Readonly<Record<string, ContainerTypeName>> = {
  c: "counter",
  r: "register",
  m: "map",
  s: "set",
  f: "flag",
  l: "log",
  v: "multi-value",
  "v#map": "multi-map",
  x: "maximum",
  "x#low": "minimum",
  b: "bounded",
  g: "graph",
  t: "series",
  w: "workflow",
  "w#vote": "vote",
  "l#list": "list",
};
const EDGES = [0, 1, 2, 3, 4, 8, 0x7f, 0x80, 0xfe, 0xff];

type Engines = readonly Engine[];

/** Deltas, stream deltas and snapshots of a short random life of two replicas. */
function growCorpus(engine: Engine, random: Random): { corpus: Uint8Array[]; base: Uint8Array } {
  const corpus: Uint8Array[] = [forge(), forge({ flags: [1], compacted: [0] })];
  const [first, second] = [1, 2].map((id) =>
    engine.createDocument({ replica: replicaId(id), hashSeed: [1, 2], driftLimitMs: 60_000 }),
  ) as [EngineDocument, EngineDocument];
  const mutators = [first, second].map((document) => new Mutator(document, containers, random));
  let base: Uint8Array = first.snapshot();
  for (let step = 0; step < 30; step++) {
    const [from, to] = random.chance(0.5) ? [first, second] : [second, first];
    mutators[from === first ? 0 : 1]!.mutate(NOW_MS + step);
    if (random.chance(0.3)) corpus.push(from.localDelta(Math.max(0, from.sequence() - 3)));
    if (!random.chance(0.4)) continue;
    const delta = from.deltaSince(to.versionVector());
    to.merge(delta, NOW_MS, false);
    corpus.push(delta, from.snapshot());
    if (step < 15) base = to.snapshot();
  }
  for (const document of [first, second]) document.close();
  return { corpus, base };
}

function spoil(random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  const dice = random.next();
  if (dice < 0.02) return Uint8Array.from({ length: random.below(120) }, () => random.below(256));
  let body: Uint8Array = random.pick(corpus).slice(0, -4);
  if (dice < 0.04) return body;
  for (let count = 1 + random.below(dice < 0.6 ? 1 : 4); count > 0; count--)
    body = spoilOnce(random, corpus, body);
  if (dice > 0.97) {
    const bytes = withChecksum(body);
    bytes[bytes.length - 1 - random.below(4)]! ^= 1 << random.below(8);
    return bytes;
  }
  return withChecksum(body);
}

function spoilOnce(random: Random, corpus: readonly Uint8Array[], body: Uint8Array): Uint8Array {
  if (body.length === 0) return body;
  const place = random.below(body.length);
  switch (random.below(8)) {
    case 0:
    case 1:
      body[place]! ^= 1 << random.below(8);
      return body;
    case 2:
    case 3:
      body[place] = random.pick(EDGES);
      return body;
    case 4:
      return body.slice(0, place);
    case 5:
      return Uint8Array.from([...body.subarray(0, place), random.below(256), ...body.subarray(place)]);
    case 6:
      return Uint8Array.from([...body.subarray(0, place), ...body.subarray(place + 1 + random.below(4))]);
    default: {
      const other = random.pick(corpus);
      return Uint8Array.from([...body.subarray(0, place), ...other.subarray(random.below(other.length), -4)]);
    }
  }
}

interface Outcome {
  readonly code: string | undefined;
  readonly changes: string;
  readonly image: string;
}

function mergeInto(document: EngineDocument, bytes: Uint8Array, before: string): Outcome {
  try {
    const { changed, ahead, aheadMs, changes } = document.merge(bytes, NOW_MS, true);
    return {
      code: undefined,
      changes: `${changed} ${ahead} ${aheadMs} ${hex(changes!)}`,
      image: imageOf(document),
    };
  } catch (error) {
    if (!isCrdtError(error)) throw error;
    const image = imageOf(document);
    if (image !== before) throw new Error(`${error.code} and yet a change`, { cause: error });
    return { code: error.code, changes: "", image };
  }
}

const imageOf = (document: EngineDocument): string =>
  `${hex(document.snapshot())} ${document.digest()} ${document.clock()} ${document.containers().length}`;

const codes = new Map<string, number>();

/** One set of documents, one on each engine, and what they are fed. */
function fuzzRound(engines: Engines, seed: number, inputs: number): void {
  const random = new Random(seed);
  const { corpus, base } = growCorpus(engines[0]!, random);
  const documents = engines.map((engine) => {
    const document = engine.createDocument({ replica: replicaId(9), hashSeed: [3, 4], driftLimitMs: 60_000 });
    document.merge(base, NOW_MS, false);
    return document;
  });
  let image = imageOf(documents[0]!);
  for (let input = 0; input < inputs; input++) {
    const bytes = spoil(random, corpus);
    const outcomes = documents.map((document) => mergeInto(document, bytes, image));
    for (const outcome of outcomes) {
      if (JSON.stringify(outcome) !== JSON.stringify(outcomes[0])) {
        throw new Error(`engines differ on ${hex(bytes)}: ${JSON.stringify(outcomes)}`);
      }
    }
    const code = outcomes[0]!.code ?? "merged";
    codes.set(code, (codes.get(code) ?? 0) + 1);
    image = outcomes[0]!.image;
  }
  for (const document of documents) {
    document.checkInvariants();
    document.close();
  }
}

describe(`fuzz · ${candidates.map(({ name, missing }) => (missing === undefined ? name : `no ${name}`)).join(", ")}`, () => {
  const engines: Engine[] = [];
  beforeAll(async () => {
    for (const candidate of candidates)
      if (candidate.missing === undefined) engines.push(await candidate.create());
  });

  it(`${runs} spoilt inputs from seed ${firstSeed} are refused or merged alike`, {
    timeout: TIMEOUT_MS,
  }, () => {
    const rounds = Math.ceil(runs / INPUTS_PER_ROUND);
    for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
      try {
        fuzzRound(engines, seed, Math.min(INPUTS_PER_ROUND, runs));
      } catch (error) {
        throw new Error(`replay with FUZZ_SEED=${seed} FUZZ_RUNS=${INPUTS_PER_ROUND}: ${error}`, {
          cause: error,
        });
      }
    }
    if (process.env.FUZZ_RUNS !== undefined) console.log(Object.fromEntries(codes));
  });

  it("reached every check and also good merges", () => {
    if (runs < 10_000) return;
    for (const code of [
      "merged",
      "malformed-delta",
      "checksum-mismatch",
      "gap",
      "unsupported-version",
      "unsupported-type",
      "limit-exceeded",
    ]) {
      expect(codes.get(code) ?? 0, code).toBeGreaterThan(0);
    }
  });
});
