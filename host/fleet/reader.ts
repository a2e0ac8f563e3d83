// What an agent does: read the files that it is given tasks for, one at a time, and post each as one transaction. Which
// files these are, and who takes over when an agent dies, is the business of jarvis-crdt/agents (dispatch.ts). Agents
// that were cut off from each other may read one file twice; the ledger makes that harmless.

import { setTimeout as rest } from "node:timers/promises";
import type { Agent, AgentFleet, Run } from "../agents/index.ts";
import { READ_TASK, type ReadInput } from "./dispatch.ts";
import { readTextFile } from "./folder.ts";
import { claimFile, releaseFiles, takeStep } from "./ingestion.ts";
import { amountsOf, difference, post } from "./ledger.ts";
import { splitPassages } from "./passages.ts";
import type { FileRecord, FleetDocument } from "./schema.ts";
import type { Skills } from "./skills.ts";
import { TermCounts } from "./telling-terms.ts";
import { tellTopics } from "./topics.ts";
import { tallyWords } from "./words.ts";

/** Files given to an agent ahead: enough to hide the way to the relay and back, few enough to leave some for the others. */
const FILES_AHEAD = 8;
/** How long a file may be published later than its task comes in: they travel in documents of their own. */
const LISTED_MS = 1_000;

export interface ReaderOptions {
  readonly fleet: FleetDocument;
  readonly tasks: AgentFleet;
  readonly name: string;
  readonly skills: Skills;
  readonly onState: (state: "idle" | "reading") => void;
  readonly signal: AbortSignal;
}

export class Reader {
  files = 0;
  bytes = 0;
  words = 0;
  readonly #options: ReaderOptions;
  /** Ends when the file before is done. */
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Reads until the signal says stop. */
  async run(): Promise<void> {
    const { fleet, tasks, name, skills, signal } = this.#options;
    const agent: Agent = tasks.register({ id: name, skills, slots: FILES_AHEAD });
    agent.work<ReadInput, void>(READ_TASK, (input, run) => this.#inTurn(input, run));
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await tasks.leave();
    releaseFiles(fleet, name);
  }

  async #inTurn(input: ReadInput, run: Run): Promise<void> {
    if (++this.#waiting === 1) this.#options.onState("reading");
    const before = this.#turn;
    const reading = before.then(() => this.#read(input, run));
    this.#turn = reading.catch(() => {});
    try {
      await reading;
    } finally {
      if (--this.#waiting === 0) this.#options.onState("idle");
    }
  }

  async #read({ path, digest }: ReadInput, run: Run): Promise<void> {
    const { fleet, name, signal } = this.#options;
    if (signal.aborted) throw new Error("the agent stops");
    await this.#listed(path, digest);
    if (run.signal.aborted || fleet.files.get(path)?.digest === digest) return;
    const { folder, paceMs } = fleet.job.get() ?? { folder: ".", paceMs: 0 };
    claimFile(fleet, path, name);
    const file = await readTextFile(folder, path);
    if (run.signal.aborted) return;
    if ("reason" in file) this.#refuse(path, "refused", file.reason);
    else if (file.digest !== digest) this.#refuse(path, "changed", "since it was listed");
    else this.#record(path, digest, file.text, file.bytes);
    if (paceMs > 0) await rest(paceMs);
  }

  /** Waits until the file is published in the version that is to be read. */
  async #listed(path: string, digest: string): Promise<void> {
    const { fleet } = this.#options;
    const isListed = () => fleet.work.get(path)?.digest === digest;
    if (isListed()) return;
    const waiting = new AbortController();
    const stop = fleet.subscribe(() => {
      if (isListed()) waiting.abort();
    });
    await rest(LISTED_MS, undefined, { signal: waiting.signal }).catch(() => {});
    stop();
  }

  /** The task fails, and is tried again after a while: the file may change back, or be listed anew. */
  #refuse(path: string, what: "refused" | "changed", detail: string): never {
    const { fleet, name } = this.#options;
    fleet.transact(() => {
      takeStep(fleet, path, "fail", "agent");
      fleet.history.append({ what, agent: name, detail: `${path} ${detail}` });
    });
    throw new Error(`${what}: ${detail}`);
  }

  #record(path: string, digest: string, text: string, bytes: number): void {
    const { fleet, name } = this.#options;
    const terms = new TermCounts();
    let words = 0;
    let passages = 0;
    for (const passage of splitPassages(text)) {
      passages++;
      words += tallyWords(passage, terms);
    }
    const record: FileRecord = { bytes, words, passages, digest, reader: name };
    const newTerms = [...terms.counts.keys()].filter((term) => !fleet.terms.has(term));
    fleet.transact(() => {
      takeStep(fleet, path, "read", "agent");
      post(fleet, "read", path, name, difference(amountsOf(record), amountsOf(fleet.files.get(path))));
      fleet.files.set(path, record);
      fleet.terms.addMany(newTerms);
      tellTopics(fleet, path, terms.counts);
      takeStep(fleet, path, "record", "agent");
    });
    this.files++;
    this.bytes += bytes;
    this.words += words;
  }
}
