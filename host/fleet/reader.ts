// What an agent does: claim a few files, have the claim acknowledged, read them, post each as one transaction, again.
// An agent that finds a file in another live agent's claim steps back. Since a relay forwards what it has merged
// before it acknowledges what comes later, the second of two claimants sees the first: files read twice are rare, and
// the ledger makes them harmless. Leaves out who lives (presence.ts) and what is left (work-view.ts).

import { setTimeout as rest } from "node:timers/promises";
import { readTextFile } from "./folder.ts";
import { claimFiles, releaseFiles, takeStep } from "./ingestion.ts";
import { amountsOf, difference, post } from "./ledger.ts";
import { splitPassages } from "./passages.ts";
import type { PresenceBoard } from "./presence.ts";
import type { FileRecord, FleetDocument, Job } from "./schema.ts";
import { TermCounts } from "./telling-terms.ts";
import { tellTopics } from "./topics.ts";
import { tallyWords } from "./words.ts";
import { WorkView } from "./work-view.ts";

/** Files claimed at once: enough to hide the way to the relay and back, few enough to leave some for the others. */
const CLAIM_FILES_MAX = 16;
const CLAIM_BYTES_MAX = 512 * 1024;
/** How long an agent without work sleeps when nothing changes: others may die without a change. */
const IDLE_MS = 250;
/** An agent that had to step back waits up to so long, so that two do not step back for ever. */
const STEP_BACK_MS = 40;
/** How long a file that was not as listed is left alone, unless it is listed anew: it may have changed back. */
export const SET_ASIDE_MS = 2000;

export interface ReaderOptions {
  readonly fleet: FleetDocument;
  readonly board: PresenceBoard;
  readonly replica: string;
  readonly name: string;
  /** Resolves once the relay has acknowledged everything written so far. */
  readonly acknowledged: () => Promise<void>;
  readonly onState: (state: "idle" | "reading") => void;
  readonly signal: AbortSignal;
}

export class Reader {
  files = 0;
  bytes = 0;
  words = 0;
  readonly #options: ReaderOptions;
  readonly #view: WorkView;
  readonly #aborted: Promise<void>;
  /** Files that could not be read as wanted: left alone until the coordinator wants another digest, or for a while. */
  readonly #setAside = new Map<string, { readonly digest: string; readonly untilMs: number }>();
  #state: "idle" | "reading" = "idle";

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#view = new WorkView(options.fleet);
    this.#aborted = new Promise((resolve) => {
      options.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Reads until the signal says stop. */
  async run(): Promise<void> {
    const { fleet, signal } = this.#options;
    while (!signal.aborted) {
      const job = fleet.job.get();
      const paths = job?.phase === "reading" ? await this.#claim() : [];
      if (job === undefined || paths.length === 0) await this.#idle();
      else await this.#read(job, paths);
    }
    this.#view.close();
    const { replica, name } = this.#options;
    releaseFiles(fleet, fleet.claims.get(replica)?.paths ?? [], name);
    fleet.claims.delete(replica);
  }

  async #claim(): Promise<string[]> {
    const { fleet, board, replica, name, signal } = this.#options;
    const wanted = this.#view.next(
      replica,
      board.liveAgents(),
      this.#notForMe(),
      CLAIM_FILES_MAX,
      CLAIM_BYTES_MAX,
    );
    if (wanted.length === 0) {
      fleet.claims.delete(replica);
      return wanted;
    }
    fleet.claims.set(replica, { agent: name, paths: wanted });
    await Promise.race([this.#options.acknowledged(), this.#aborted]);
    if (signal.aborted) return [];
    const held = this.#notForMe();
    const free = wanted.filter((path) => !held.has(path) && this.#view.pending.has(path));
    if (free.length < wanted.length) {
      fleet.claims.set(replica, { agent: name, paths: free });
      if (free.length === 0) await rest(Math.random() * STEP_BACK_MS);
    }
    claimFiles(fleet, free, name);
    return free;
  }

  async #read(job: Job, paths: readonly string[]): Promise<void> {
    this.#tell("reading");
    for (const path of paths) {
      if (this.#options.signal.aborted) return;
      if (!this.#view.pending.has(path)) continue;
      await this.#readOne(job.folder, path);
      if (job.paceMs > 0) await rest(job.paceMs);
    }
  }

  async #readOne(folder: string, path: string): Promise<void> {
    const { fleet, name } = this.#options;
    const wanted = fleet.work.get(path);
    const file = await readTextFile(folder, path);
    if (wanted === undefined) return;
    if ("reason" in file || file.digest !== wanted.digest) {
      this.#setAside.set(path, { digest: wanted.digest, untilMs: performance.now() + SET_ASIDE_MS });
      const [what, detail] =
        "reason" in file
          ? (["refused", file.reason] as const)
          : (["changed", "since it was listed"] as const);
      fleet.transact(() => {
        takeStep(fleet, path, "fail", "agent");
        fleet.history.append({ what, agent: name, detail: `${path} ${detail}` });
      });
      return;
    }
    takeStep(fleet, path, "read", "agent");
    const terms = new TermCounts();
    let words = 0;
    let passages = 0;
    for (const passage of splitPassages(file.text)) {
      passages++;
      words += tallyWords(passage, terms);
    }
    this.#record(
      path,
      { bytes: file.bytes, words, passages, digest: file.digest, reader: name },
      terms.counts,
    );
  }

  #record(path: string, record: FileRecord, counts: ReadonlyMap<string, number>): void {
    const { fleet, name } = this.#options;
    const newTerms = [...counts.keys()].filter((term) => !fleet.terms.has(term));
    fleet.transact(() => {
      post(fleet, "read", path, name, difference(amountsOf(record), amountsOf(fleet.files.get(path))));
      fleet.files.set(path, record);
      fleet.terms.addMany(newTerms);
      tellTopics(fleet, path, counts);
      takeStep(fleet, path, "record", "agent");
    });
    this.files++;
    this.bytes += record.bytes;
    this.words += record.words;
  }

  async #idle(): Promise<void> {
    this.#tell("idle");
    const { fleet, signal } = this.#options;
    const waiting = new AbortController();
    const stopListening = fleet.subscribe(() => waiting.abort());
    const stop = () => waiting.abort();
    signal.addEventListener("abort", stop);
    await rest(IDLE_MS, undefined, { signal: waiting.signal }).catch(() => {});
    stopListening();
    signal.removeEventListener("abort", stop);
  }

  #notForMe(): Set<string> {
    const { board, replica, fleet } = this.#options;
    const held = this.#view.heldByOthers(replica, (agent) => board.isLive(agent));
    for (const [path, { digest, untilMs }] of this.#setAside) {
      if (fleet.work.get(path)?.digest === digest && performance.now() < untilMs) held.add(path);
      else this.#setAside.delete(path);
    }
    return held;
  }

  #tell(state: "idle" | "reading"): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
