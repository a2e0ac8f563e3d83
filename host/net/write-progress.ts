// How far own mutations have come on one connection: written here, sent, merged by the peer, stored by the peer. Reads
// what links learn from acknowledgements; between sessions it keeps what the last one knew. Asks a peer once a session
// what it has stored of mutations made before. Cost while nobody listens: nothing.
import { callListener } from "../replica/call-listener.ts";
import type { DocumentCore } from "../replica/document-core.ts";
import type { ReplicaHost, WriteProgress } from "../replica/ports.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import type { Link } from "./link.ts";

export type ProgressListener = (progress: WriteProgress) => void;

/** What is known of a document's own mutations, of one replica id. */
interface Known {
  readonly replica: ReplicaId;
  stored: number;
  merged: number;
  durable: number;
}

export class WriteProgressBook {
  readonly #host: ReplicaHost;
  readonly #linkOf: (name: string) => Link | undefined;
  readonly #known = new Map<string, Known>();
  readonly #told = new Map<string, WriteProgress>();
  readonly #listeners = new Set<ProgressListener>();
  readonly #changed = new Set<string>();
  /** Links whose peer was asked what it has stored. */
  readonly #asked = new WeakSet<Link>();
  /** What stops following each open document, while somebody listens. */
  readonly #followed = new Map<DocumentCore, () => void>();
  #stopFollowing: () => void = () => {};

  constructor(host: ReplicaHost, linkOf: (name: string) => Link | undefined) {
    this.#host = host;
    this.#linkOf = linkOf;
  }

  /** Own mutations the peer has merged, as far as the last session knew. */
  mergedOf(core: DocumentCore): number {
    const known = this.#known.get(core.name);
    return known?.replica === core.replica ? known.merged : 0;
  }

  of(core: DocumentCore): WriteProgress {
    const link = this.#linkOf(core.name);
    if (!core.isInTransaction) core.flushLocal();
    const sent = link?.sentSequence ?? 0;
    const known = this.#knownOf(core);
    if (link !== undefined) this.#learn(known, link);
    const written = core.versionVector.get(core.replica);
    if (this.#host.isStored && !core.isInTransaction && !this.#host.isPending(core)) known.stored = written;
    const { stored, merged, durable } = known;
    if (link !== undefined && merged > durable) this.#askStored(link);
    const reached = { document: core.name, written, stored, sent: Math.max(sent, merged), merged, durable };
    return { ...reached, state: stateOf(reached) };
  }

  listen(listener: ProgressListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#follow();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  /** The link of a document may know more, or has just closed. */
  changed(link: Link): void {
    this.#learn(this.#knownOf(link.room.core), link);
    this.#tellSoon(link.room.core);
  }

  /** The session is gone: what was sent over it may not have arrived. */
  lost(): void {
    for (const core of this.#host.documents()) this.#tellSoon(core);
  }

  close(): void {
    this.#stopFollowing();
    this.#stopFollowing = () => {};
    for (const stop of this.#followed.values()) stop();
    this.#followed.clear();
    this.#told.clear();
    this.#listeners.clear();
  }

  #knownOf(core: DocumentCore): Known {
    let known = this.#known.get(core.name);
    if (known?.replica !== core.replica) {
      known = { replica: core.replica, stored: 0, merged: 0, durable: 0 };
      this.#known.set(core.name, known);
    }
    return known;
  }

  /** What the present peer has merged counts, also where an earlier one had more; what was stored stays so. */
  #learn(known: Known, link: Link): void {
    if (link.peerIndex !== undefined) known.merged = link.mergedSequence;
    if (link.isPeerStored) known.durable = Math.max(known.durable, link.storedSequence);
  }

  #askStored(link: Link): void {
    if (this.#asked.has(link) || !link.isPeerStored || link.peerIndex === undefined || link.isClosed) return;
    if (link.room.core.isInTransaction) return;
    this.#asked.add(link);
    link.probe(true, () => {});
  }

  #follow(): void {
    const follow = (core: DocumentCore) => {
      this.#followed.set(
        core,
        core.onDelta(({ source }) => {
          if (source === "local") this.#written(core);
        }),
      );
      this.#tellSoon(core);
    };
    const stops = [
      this.#host.onOpen(follow),
      this.#host.onClose((core) => {
        this.#followed.get(core)?.();
        this.#followed.delete(core);
      }),
    ];
    this.#stopFollowing = () => {
      for (const stop of stops) stop();
    };
    for (const core of this.#host.documents()) follow(core);
  }

  #written(core: DocumentCore): void {
    this.#tellSoon(core);
    if (!this.#host.isStored) return;
    const tell = () => this.#tellSoon(core);
    this.#host.durable(core).then(tell, tell);
  }

  #tellSoon(core: DocumentCore): void {
    if (this.#listeners.size === 0) return;
    this.#changed.add(core.name);
    if (this.#changed.size === 1) this.#host.platform.onTurnEnd(() => this.#tell());
  }

  #tell(): void {
    const names = [...this.#changed];
    this.#changed.clear();
    for (const core of this.#host.documents()) {
      if (!names.includes(core.name) || core.isClosed) continue;
      const progress = this.of(core);
      const told = this.#told.get(core.name);
      if (told !== undefined && isSame(told, progress)) continue;
      this.#told.set(core.name, progress);
      for (const listener of [...this.#listeners]) callListener(listener, progress);
    }
  }
}

function stateOf(reached: Omit<WriteProgress, "state">): WriteProgress["state"] {
  const { written, sent, merged, durable } = reached;
  if (durable >= written) return "durable";
  if (merged >= written) return "merged";
  return sent >= written ? "sent" : "local";
}

function isSame(one: WriteProgress, other: WriteProgress): boolean {
  return (
    one.written === other.written &&
    one.stored === other.stored &&
    one.sent === other.sent &&
    one.merged === other.merged &&
    one.durable === other.durable
  );
}
