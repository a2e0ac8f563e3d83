// A tab's store is its leader: nothing is read from it (documents come over the session), and what is stored is what
// the leader says to have stored.
import type { DocumentCore } from "../replica/document-core.ts";
import type { DocumentStore, StoredDocument } from "../replica/ports.ts";
import type { ReplicaId } from "../wire/replica-id.ts";

export class LeaderStore implements DocumentStore {
  readonly isElsewhere = true;
  readonly #stored: (document: string) => Promise<void>;
  /** Deltas of each document so far, and of them those that the leader has stored. */
  readonly #deltas = new Map<DocumentCore, { emitted: number; stored: number; readonly stop: () => void }>();
  replica: ReplicaId;

  /** `stored` resolves when the leader has stored all of a document. */
  constructor(replica: ReplicaId, stored: (document: string) => Promise<void>) {
    this.replica = replica;
    this.#stored = stored;
  }

  async names(): Promise<string[]> {
    return [];
  }

  async *fingerprints(): AsyncGenerator<never> {}

  async load(): Promise<StoredDocument> {
    return { parts: [], clock: 0, isDamaged: false };
  }

  attach(core: DocumentCore): void {
    const stop = core.onDelta(() => {
      const deltas = this.#deltas.get(core);
      if (deltas !== undefined) deltas.emitted++;
    });
    this.#deltas.set(core, { emitted: 0, stored: 0, stop });
  }

  async detach(core: DocumentCore): Promise<void> {
    this.#deltas.get(core)?.stop();
    this.#deltas.delete(core);
  }

  async durable(core: DocumentCore): Promise<void> {
    const deltas = this.#deltas.get(core);
    const { emitted = 0 } = deltas ?? {};
    await this.#stored(core.name);
    if (deltas !== undefined) deltas.stored = Math.max(deltas.stored, emitted);
  }

  isPending(core: DocumentCore): boolean {
    const { emitted = 0, stored = 0 } = this.#deltas.get(core) ?? {};
    return stored < emitted;
  }

  setReplica(replica: ReplicaId): void {
    this.replica = replica;
  }

  onEvent(): () => void {
    return () => {};
  }

  async close(): Promise<void> {}
}
