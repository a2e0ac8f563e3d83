// The one process that says what is to be read and when the job is done: the parent that runs the relay. It lists the
// folder, publishes what is new or changed, has it read (dispatch.ts), takes back what is gone, corrects the ledger
// (ledger.ts), and calls the job finished when nothing is pending, every posting is right and the folder still is what was published.
// Leaves out processes (supervisor.ts) and waiting for digests (agreement.ts). A listing reads every file once.

import type { AgentFleet } from "../agents/index.ts";
import { Dispatch } from "./dispatch.ts";
import { type FolderOptions, listTextFiles, type Problem, readTextFile } from "./folder.ts";
import { releaseAll, releaseFiles, settleIngestion } from "./ingestion.ts";
import { amountsOf, correct, difference, NOTHING, post } from "./ledger.ts";
import type { Totals } from "./plain-count.ts";
import type { FleetDocument, Job, PresenceDocument, WorkItem } from "./schema.ts";
import { dropLonelyTerms, forgetTopics } from "./topics.ts";
import { tallyWords } from "./words.ts";
import { WorkView } from "./work-view.ts";

const NAME = "coordinator";
/** How often the coordinator looks for an end that no change event announced. */
const LOOK_MS = 250;

export interface CoordinatorOptions {
  readonly fleet: FleetDocument;
  readonly presence: PresenceDocument;
  readonly tasks: AgentFleet;
  readonly folder: string;
  readonly listing: FolderOptions;
  readonly paceMs: number;
  readonly now: () => number;
}

export class Coordinator {
  readonly view: WorkView;
  /** What the last listing could not read. */
  problems: Problem[] = [];
  /** Files already read by an earlier start and unchanged since. */
  resumedFiles = 0;
  corrections = 0;
  readonly #options: CoordinatorOptions;
  readonly #dispatch: Dispatch;
  /** A reading that had to be corrected may have been of an earlier version of its file. */
  #mayHoldStaleTerms = false;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    const { fleet, tasks, now } = options;
    this.view = new WorkView(fleet);
    this.#dispatch = new Dispatch({ tasks, published: (path) => fleet.work.get(path)?.digest, now });
  }

  get job(): Job | undefined {
    return this.#options.fleet.job.get();
  }

  /** Starts a run: lists the folder, publishes the work, lets agents gather. */
  async open(): Promise<void> {
    const { fleet, presence, folder, paceMs, now } = this.#options;
    const run = (this.job?.run ?? 0) + 1;
    fleet.job.set({ phase: "gathering", run, folder, startedMs: now(), endedMs: 0, paceMs });
    presence.agents.clear();
    releaseAll(fleet);
    await this.list();
    fleet.history.append({
      what: "started",
      agent: NAME,
      detail: `run ${run}: ${fleet.work.size} files, ${this.view.pending.size} to read`,
    });
  }

  /** Gives out what is to be read. Agents that joined have brought what they read before and could not tell. */
  begin(): void {
    this.resumedFiles = this.view.filesDone;
    this.#setPhase("reading", 0);
    this.#dispatch.update(this.view.pending);
  }

  /** An agent process is gone without goodbye. */
  lost(replica: string | undefined, name: string, detail: string): void {
    const { fleet, presence } = this.#options;
    const last = replica === undefined ? undefined : presence.agents.get(replica);
    if (replica !== undefined && last !== undefined) presence.agents.set(replica, { ...last, state: "lost" });
    fleet.transact(() => {
      releaseFiles(fleet, name, "coordinator");
      fleet.history.append({ what: "lost", agent: name, detail });
    });
  }

  joined(name: string, detail: string): void {
    this.#options.fleet.history.append({ what: "joined", agent: name, detail });
  }

  /** Resolves when the job is done, or the signal says stop. */
  async finish(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#nothingPending(signal);
      if (signal.aborted) return;
      if (await this.#isSettled()) {
        const { fleet, now } = this.#options;
        const { files } = this.totals();
        fleet.transact(() => {
          this.#setPhase("finished", now());
          fleet.history.append({ what: "finished", agent: NAME, detail: `${files} files` });
        });
        return;
      }
    }
  }

  /** Puts everything right and looks at the folder again; true when nothing had to be done about either. */
  async #isSettled(): Promise<boolean> {
    const isAllRight = this.audit() === 0;
    const isFolderSame = await this.list();
    if (this.#mayHoldStaleTerms) await this.#dropStaleTerms(this.#options.fleet.work.keys());
    dropLonelyTerms(this.#options.fleet);
    return isAllRight && isFolderSame && this.view.pending.size === 0;
  }

  /**
   * Posts corrections and settles what the picture of the job shows; returns how many steps that took. To be called
   * again once all replicas agree: work that a killed agent had stored but not sent arrives with its next process,
   * also after the end.
   */
  audit(): number {
    const { fleet } = this.#options;
    const corrections = correct(fleet, NAME);
    this.corrections += corrections;
    if (corrections > 0) this.#mayHoldStaleTerms = true;
    return corrections + settleIngestion(fleet);
  }

  totals(): Totals {
    const { fleet } = this.#options;
    return {
      files: fleet.filesRead.value,
      bytes: fleet.bytesRead.value,
      words: fleet.wordsRead.value,
      terms: fleet.terms.size,
    };
  }

  close(): void {
    this.#dispatch.close();
    this.view.close();
  }

  /** Lists the folder and publishes what differs from what is published; true when nothing does. */
  async list(): Promise<boolean> {
    const { fleet, folder, listing } = this.#options;
    const { paths, problems } = await listTextFiles(folder, listing);
    const found = new Map<string, WorkItem>();
    for (const path of paths) {
      const file = await readTextFile(folder, path);
      if ("reason" in file) problems.push({ path, reason: file.reason });
      else found.set(path, { bytes: file.bytes, digest: file.digest });
    }
    this.problems = problems;
    const changed = [...found].filter(([path, item]) => fleet.work.get(path)?.digest !== item.digest);
    const gone = [...fleet.work.keys()].filter((path) => !found.has(path));
    const isOutdated = gone.length > 0 || changed.some(([path]) => fleet.files.has(path));
    if (isOutdated) await this.#dropStaleTerms(found.keys());
    fleet.transact(() => {
      fleet.work.setMany(changed);
      for (const path of gone) this.#forget(path);
      settleIngestion(fleet);
    });
    if (this.job?.phase === "reading") this.#dispatch.update(this.view.pending);
    return changed.length === 0 && gone.length === 0;
  }

  #forget(path: string): void {
    const { fleet } = this.#options;
    const record = fleet.files.get(path);
    fleet.work.delete(path);
    forgetTopics(fleet, path);
    if (record === undefined) return;
    fleet.files.delete(path);
    post(fleet, "corrected", path, NAME, difference(NOTHING, amountsOf(record)));
  }

  /**
   * Removes terms that stand in none of the files. It runs before a change is published, so whoever reads a changed
   * file has seen the removal and adds what it needs again; an add at the same time wins anyway.
   */
  async #dropStaleTerms(paths: Iterable<string>): Promise<void> {
    const { fleet, folder } = this.#options;
    this.#mayHoldStaleTerms = false;
    const present = new Set<string>();
    for (const path of [...paths]) {
      const file = await readTextFile(folder, path);
      if ("text" in file) tallyWords(file.text, present);
    }
    fleet.transact(() => {
      for (const term of [...fleet.terms.values()]) if (!present.has(term)) fleet.terms.delete(term);
    });
  }

  async #nothingPending(signal: AbortSignal): Promise<void> {
    const { fleet } = this.#options;
    while (this.view.pending.size > 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          stop();
          signal.removeEventListener("abort", done);
          resolve();
        };
        const timer = setTimeout(done, LOOK_MS);
        const stop = fleet.subscribe(done);
        signal.addEventListener("abort", done);
      });
      await this.#listAgainIfAsked();
      if (this.#dispatch.isDue) this.#dispatch.update(this.view.pending);
    }
  }

  #historySeen = 0;

  /** An agent that found a file other than listed has said so in the history: list again. */
  async #listAgainIfAsked(): Promise<void> {
    const { history } = this.#options.fleet;
    const news = history.size - this.#historySeen;
    if (news <= 0) return;
    const entries = history.entries({ last: news });
    this.#historySeen = history.size;
    if (entries.some(({ value }) => value.what === "changed" || value.what === "refused")) await this.list();
  }

  #setPhase(phase: Job["phase"], endedMs: number): void {
    const { fleet } = this.#options;
    const job = fleet.job.get();
    if (job !== undefined) fleet.job.set({ ...job, phase, endedMs });
  }
}
