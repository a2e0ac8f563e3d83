// A tab's store is its leader: nothing is read from it (documents come over the session), and what is stored is what
// the leader says to have stored.
import type { DocumentCore } from "../replica/document-core.ts";
import type { DocumentStore, StoredDocument } from "../replica/ports.ts";
import type { ReplicaId } from "../wire/replica-id.ts";

export class LeaderStore implements DocumentStore {
  readonly isElsewhere = true;
  readonly #stored: (document: string) => Promise<void>;
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

  attach(): void {}

  async detach(): Promise<void> {}

  durable(core: DocumentCore): Promise<void> {
    return this.#stored(core.name);
  }

  setReplica(replica: ReplicaId): void {
    this.replica = replica;
  }

  onEvent(): () => void {
    return () => {};
  }

  async close(): Promise<void> {}
}
