// Documents that were opened for peers and that no connection carries any more: after a while they are closed, and
// opened again from the store when somebody asks. What is left of one until then is a name on disk. Without a store
// nothing is closed, for it would be lost. Cost: one timer while there is anything to close.
import type { DocumentCore } from "../replica/document-core.ts";
import type { ReplicaHost } from "../replica/ports.ts";

export class IdleDocuments {
  readonly #host: ReplicaHost;
  readonly #isCarried: (core: DocumentCore) => boolean;
  /** When the last connection left each. */
  readonly #leftAtMs = new Map<DocumentCore, number>();
  #closeAfterMs: number;
  #cancelTimer: (() => void) | undefined;

  constructor(host: ReplicaHost, closeAfterMs: number, isCarried: (core: DocumentCore) => boolean) {
    this.#host = host;
    this.#closeAfterMs = closeAfterMs;
    this.#isCarried = isCarried;
  }

  set closeAfterMs(ms: number) {
    this.#closeAfterMs = ms;
  }

  /** No connection carries `core` any more, which was opened for a peer. */
  vacated(core: DocumentCore): void {
    if (!this.#host.isStored) return;
    // Put behind all others: the map is in the order of leaving.
    this.#leftAtMs.delete(core);
    this.#leftAtMs.set(core, this.#host.platform.monotonicMs());
    this.#schedule(this.#closeAfterMs);
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#leftAtMs.clear();
  }

  #schedule(ms: number): void {
    this.#cancelTimer ??= this.#host.platform.setTimer(() => this.#closeSome(), ms, { background: true });
  }

  #closeSome(): void {
    this.#cancelTimer = undefined;
    const before = this.#host.platform.monotonicMs() - this.#closeAfterMs;
    for (const [core, leftAtMs] of this.#leftAtMs) {
      if (leftAtMs > before) {
        this.#schedule(leftAtMs - before);
        return;
      }
      this.#leftAtMs.delete(core);
      // A store that cannot be written to says so by an event, and the document is opened anew from what it has.
      if (!this.#isCarried(core)) this.#host.releaseCore(core).catch(() => {});
    }
  }
}
