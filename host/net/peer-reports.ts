// Waiting for what a peer says of a document: until it has merged, or stored, all that was known here at the call. Asks
// again over the next session when one ends, so that a wait outlives reconnects and moves to another relay.
import { CrdtError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import type { DocumentCore } from "../replica/document-core.ts";
import type { VersionVector } from "../wire/version-vector.ts";
import { ACK_FLAGS, type Report } from "./messages.ts";
import type { Session } from "./session.ts";

const PAUSE_FIRST_MS = 2;
const PAUSE_LONGEST_MS = 200;

/** What waits need of their connection. */
export interface ReportSource {
  readonly url: string;
  /** The open session, as soon as there is one; rejects when there will be none. */
  openSession(): Promise<Session>;
}

export class PeerReports {
  readonly #source: ReportSource;
  readonly #platform: Pick<Platform, "setTimer">;

  constructor(source: ReportSource, platform: Pick<Platform, "setTimer">) {
    this.#source = source;
    this.#platform = platform;
  }

  /** Both ends have what the other knew. Errors: access-denied, connection-closed. */
  async synced(core: DocumentCore, isStored: boolean): Promise<void> {
    const own = core.versionVector.clone();
    let theirs: VersionVector | undefined;
    await this.#ask(core, own, isStored, false, (report) => {
      theirs ??= report.vector;
      return report.vector.covers(own) && core.versionVector.covers(theirs);
    });
  }

  /** The peer has stored what this end knew. Errors: access-denied, connection-closed, no-store. */
  async durable(core: DocumentCore): Promise<void> {
    const own = core.versionVector.clone();
    await this.#ask(core, own, true, true, (report) => report.vector.covers(own));
  }

  /** Asks until a report is enough, with growing pauses. */
  async #ask(
    core: DocumentCore,
    own: VersionVector,
    isStored: boolean,
    needsStore: boolean,
    isEnough: (report: Report) => boolean,
  ): Promise<void> {
    for (let pauseMs = PAUSE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_LONGEST_MS)) {
      const report = await this.#report(core, isStored, needsStore);
      const isAsAsked = !isStored || ((report?.flags ?? 0) & ACK_FLAGS.stored) !== 0;
      if (report !== undefined && isEnough(report) && isAsAsked) return;
      if (report !== undefined && !report.vector.covers(own)) await this.#refuseReadOnly(core.name);
      await new Promise<void>((resolve) => this.#platform.setTimer(resolve, pauseMs));
    }
  }

  /** What may not be written never arrives, however long one waits. */
  async #refuseReadOnly(name: string): Promise<void> {
    const session = await this.#source.openSession();
    if (session.linkOf(name)?.isReadOnly !== true) return;
    throw new CrdtError(
      "access-denied",
      `"${this.#source.url}" lets this replica read document "${name}", not write it: what was written here stays here`,
    );
  }

  /** The peer's report of a document; undefined when the connection ended first. */
  async #report(core: DocumentCore, isStored: boolean, needsStore: boolean): Promise<Report | undefined> {
    const session = await this.#source.openSession();
    if (needsStore && !session.isPeerStored) {
      throw new CrdtError(
        "no-store",
        `"${this.#source.url}" keeps nothing it is sent: wait for synced(), or connect to a relay with a store`,
      );
    }
    const link = session.linkOf(core.name);
    if (link === undefined) {
      if (!session.isOpen) return undefined;
      throw new CrdtError(
        "connection-closed",
        `"${this.#source.url}" does not carry document "${core.name}": it was refused there or closed here`,
      );
    }
    await link.joined;
    if (link.isClosed) return undefined;
    return new Promise((resolve) => link.probe(isStored, resolve));
  }
}
