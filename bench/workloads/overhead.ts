// What sharing costs: the writes an agent of the main job makes for a folder of files (per file four counters, a history
// entry, a record, the terms not yet known, three steps of the file's ingestion and its most telling terms; what the tasks
// cost is the workload `agents`), through plain Maps, through an engine, with storage, and with a relay and a second
// replica behind it. One turn of the event loop a file, as reading files gives. Storage waits for durable() at the end, the
// network for the relay's acknowledgement; relay and receiver run in the same process, so the network's time is that of
// all three.
import { join } from "node:path";
import { claimFile, settleIngestion, takeStep } from "../../host/fleet/ingestion.ts";
import { post } from "../../host/fleet/ledger.ts";
import { type FileRecord, Fleet, type FleetDocument } from "../../host/fleet/schema.ts";
import { tellingTerms } from "../../host/fleet/telling-terms.ts";
import { tellTopics } from "../../host/fleet/topics.ts";
import { createReplica } from "../../host/index.ts";
import { serve } from "../../host/relay.ts";
import { shuffled } from "../batch.ts";
import { collectGarbage, elapsedNsAsync, repeat } from "../timing.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";

const TERMS_PER_FILE = 120;
const VOCABULARY = 12_000;
const AGENT = "agent 1";

interface ReadFile {
  readonly path: string;
  readonly record: FileRecord;
  readonly terms: ReadonlyMap<string, number>;
}

/** Files whose terms repeat as those of texts do: the square favours the front of the vocabulary. */
function syntheticFiles(count: number): ReadFile[] {
  const order = shuffled(VOCABULARY);
  return Array.from({ length: count }, (_, file) => {
    const terms = new Map<string, number>();
    for (let index = 0; index < TERMS_PER_FILE; index += 1) {
      const share = (order[(file * TERMS_PER_FILE + index) % VOCABULARY] as number) / VOCABULARY;
      const term = termOf(Math.floor(share * share * VOCABULARY));
      terms.set(term, (terms.get(term) ?? 0) + 1);
    }
    const bytes = 2_000 + ((file * 977) % 30_000);
    const record = {
      bytes,
      words: Math.floor(bytes / 6),
      passages: Math.ceil(bytes / 800),
      digest: (file * 2_654_435_761).toString(16).padStart(16, "0"),
      reader: AGENT,
    };
    return { path: `docs/chapter-${file % 20}/page-${file}.md`, record, terms };
  });
}

/** "term" and three letters: what tells of a file is a word of letters alone. */
function termOf(number: number): string {
  const letter = (place: number): string => String.fromCharCode(97 + (Math.floor(number / place) % 26));
  return `term${letter(676)}${letter(26)}${letter(1)}`;
}

/** The state the job writes to, however it is kept. */
interface Target {
  /** What the coordinator does before: it lists the files. Not timed. */
  list(files: readonly ReadFile[]): void;
  claim(path: string): void;
  record(file: ReadFile): void;
  /** Waits for what the competitor promises, says what is there to see, and lets go of it. */
  finish(): Promise<string>;
  close(): Promise<void>;
}

class PlainTarget implements Target {
  readonly #files = new Map<string, FileRecord>();
  readonly #terms = new Set<string>();
  readonly #steps = new Map<string, string[]>();
  readonly #topics = new Map<string, string[]>();
  readonly #history: unknown[] = [];
  readonly #totals = { files: 0, bytes: 0, words: 0, passages: 0 };

  list(files: readonly ReadFile[]): void {
    for (const { path } of files) this.#steps.set(path, ["start"]);
  }
  claim(path: string): void {
    this.#steps.get(path)?.push("claim");
  }
  record({ path, record, terms }: ReadFile): void {
    const { bytes, words, passages } = record;
    this.#steps.get(path)?.push("read", "record");
    this.#topics.set(path, tellingTerms(terms));
    this.#totals.files += 1;
    this.#totals.bytes += bytes;
    this.#totals.words += words;
    this.#totals.passages += passages;
    this.#history.push({ what: "read", path, agent: AGENT, files: 1, bytes, words, passages });
    this.#files.set(path, record);
    for (const term of terms.keys()) this.#terms.add(term);
  }
  async finish(): Promise<string> {
    return `${this.#totals.files} ${this.#totals.bytes} ${this.#terms.size} ${this.#history.length}`;
  }
  async close(): Promise<void> {}
}

const seenIn = (fleet: FleetDocument): string =>
  `${fleet.filesRead.value} ${fleet.bytesRead.value} ${fleet.terms.size} ${fleet.history.size}`;

class SharedTarget implements Target {
  readonly #fleet: FleetDocument;
  readonly #settle: () => Promise<FleetDocument>;
  readonly #close: () => Promise<void>;

  constructor(fleet: FleetDocument, settle: () => Promise<FleetDocument>, close: () => Promise<void>) {
    this.#fleet = fleet;
    this.#settle = settle;
    this.#close = close;
  }
  list(files: readonly ReadFile[]): void {
    const { work } = this.#fleet;
    work.setMany(files.map(({ path, record }) => [path, { bytes: record.bytes, digest: record.digest }]));
    settleIngestion(this.#fleet);
  }
  claim(path: string): void {
    claimFile(this.#fleet, path, AGENT);
  }
  record({ path, record, terms }: ReadFile): void {
    const fleet = this.#fleet;
    takeStep(fleet, path, "read", "agent");
    const unknown = [...terms.keys()].filter((term) => !fleet.terms.has(term));
    fleet.transact(() => {
      const { bytes, words, passages } = record;
      post(fleet, "read", path, AGENT, { files: 1, bytes, words, passages });
      fleet.files.set(path, record);
      fleet.terms.addMany(unknown);
      tellTopics(fleet, path, terms);
      takeStep(fleet, path, "record", "agent");
    });
  }
  async finish(): Promise<string> {
    return seenIn(await this.#settle());
  }
  close(): Promise<void> {
    return this.#close();
  }
}

type Opener = (folder: string) => Promise<Target>;

const onEngine =
  (engine: "wasm" | "baseline"): Opener =>
  async () => {
    const replica = await createReplica({ engine });
    const fleet = await replica.open("fleet", Fleet);
    return new SharedTarget(
      fleet,
      async () => fleet,
      () => replica.close(),
    );
  };

const withStorage: Opener = async (folder) => {
  const replica = await createReplica({ engine: "wasm", storage: folder });
  const fleet = await replica.open("fleet", Fleet);
  const settle = async (): Promise<FleetDocument> => {
    await fleet.durable();
    return fleet;
  };
  return new SharedTarget(fleet, settle, () => replica.close());
};

const withNetwork: Opener = async () => {
  const hub = await createReplica({ engine: "wasm" });
  const relay = await serve(hub, { port: 0, host: "127.0.0.1" });
  const writer = await createReplica({ engine: "wasm" });
  const reader = await createReplica({ engine: "wasm" });
  const fleet = await writer.open("fleet", Fleet);
  const copy = await reader.open("fleet", Fleet);
  const up = await writer.connect(relay.url);
  const down = await reader.connect(relay.url);
  const settle = async (): Promise<FleetDocument> => {
    await up.synced();
    await down.synced();
    return copy;
  };
  const close = async (): Promise<void> => {
    await Promise.all([writer.close(), reader.close()]);
    await relay.close();
    await hub.close();
  };
  return new SharedTarget(fleet, settle, close);
};

const openers: Readonly<Record<string, Opener>> = {
  "plain maps": async () => new PlainTarget(),
  baseline: onEngine("baseline"),
  wasm: onEngine("wasm"),
  "wasm, storage": withStorage,
  "wasm, network": withNetwork,
};

async function work(target: Target, files: readonly ReadFile[]): Promise<string> {
  for (const file of files) {
    target.claim(file.path);
    target.record(file);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return target.finish();
}

async function run({ competitor, isQuick, dataFolder }: Circumstances): Promise<Outcome> {
  const open = openers[competitor] as Opener;
  const files = syntheticFiles(isQuick ? 40 : 1_000);
  const checks = new Set<string>();
  let samples = 0;
  const repetition = isQuick
    ? { warmups: 0, samplesMin: 1, budgetMs: 0 }
    : { warmups: 2, samplesMin: 5, budgetMs: 1_500 };
  const { time = Number.NaN } = await repeat(repetition, async () => {
    samples += 1;
    const target = await open(join(dataFolder, `overhead-${process.pid}-${samples}`));
    target.list(files);
    collectGarbage();
    let check = "";
    const elapsed = await elapsedNsAsync(async () => {
      check = await work(target, files);
    });
    checks.add(check);
    await target.close();
    return { time: elapsed };
  });
  const sample = { workload: "overhead", n: files.length, nsPerOp: time / files.length };
  return { samples: [sample], check: [...checks].join(" | ") };
}

export const overhead: Workload = {
  name: "overhead",
  competitors: Object.keys(openers),
  rounds: 3,
  run,
};
