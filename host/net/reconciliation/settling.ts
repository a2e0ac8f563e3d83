// Brings single documents into agreement with a peer: opens each for as long as it takes, lets the session carry it,
// and closes it again when both sides cover each other. A few at a time, so that memory holds the window and not all
// of what differs.
import type { ReplicaHost } from "../../replica/ports.ts";
import type { ExtensionPeer } from "../extension.ts";
import type { Link } from "../link.ts";
import type { Report } from "../messages.ts";

/** Documents under way at a time. */
const WINDOW = 64;
/** A document that does not agree by then is given up: it may not be written there, or is written all the time. */
const SETTLE_WITHIN_MS = 30_000;
const PAUSE_FIRST_MS = 2;
const PAUSE_LONGEST_MS = 500;

type Outcome = "agreed" | "refused" | "unsettled";

export interface Settled {
  readonly refused: readonly string[];
  readonly unsettled: readonly string[];
}

export class Settling {
  readonly #host: ReplicaHost;
  readonly #peer: ExtensionPeer;
  #isClosed = false;

  constructor(host: ReplicaHost, peer: ExtensionPeer) {
    this.#host = host;
    this.#peer = peer;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Resolves when all of `names` agree or are given up; at once when the connection ends. */
  async settle(names: readonly string[]): Promise<Settled> {
    const refused: string[] = [];
    const unsettled: string[] = [];
    const waiting = names[Symbol.iterator]();
    const work = async (): Promise<void> => {
      for (const name of waiting) {
        if (this.#isClosed) return;
        const outcome = await this.#settleOne(name);
        if (outcome === "refused") refused.push(name);
        if (outcome === "unsettled") unsettled.push(name);
      }
    };
    await Promise.all(Array.from({ length: Math.min(WINDOW, names.length) }, work));
    return { refused, unsettled };
  }

  async #settleOne(name: string): Promise<Outcome> {
    try {
      return await this.#carry(name);
    } catch {
      // It cannot be opened, or not be stored: the others are no worse for it.
      return "unsettled";
    }
  }

  async #carry(name: string): Promise<Outcome> {
    const core = await this.#host.borrowCore(name);
    const { platform } = this.#host;
    const startMs = platform.monotonicMs();
    try {
      for (let pauseMs = PAUSE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_LONGEST_MS)) {
        const link = this.#peer.linkOf(name);
        if (this.#isClosed) return "unsettled";
        if (link === undefined) return "refused";
        const theirs = (await this.#report(link))?.vector;
        if (theirs?.covers(core.versionVector) && core.versionVector.covers(theirs)) {
          return "agreed";
        }
        if (platform.monotonicMs() - startMs > SETTLE_WITHIN_MS) return "unsettled";
        await new Promise<void>((resolve) => platform.setTimer(resolve, pauseMs));
      }
    } finally {
      await this.#host.returnCore(core);
    }
  }

  async #report(link: Link): Promise<Report | undefined> {
    await link.joined;
    if (link.isClosed) return undefined;
    return new Promise((resolve) => link.probe(false, resolve));
  }
}
