// What this replica holds, as a tree of fingerprints that follows its documents: those that are open by marking what a
// delta touches and looking at the mark when somebody compares, those that are stored by what the store says of them.
// A document nobody has written yet is not held. A view is what one peer compares with: a prefix of names, what it may
// see. Cost: one entry in a set a delta; the stored ones are read once, at the first comparison.
import type { DocumentCore } from "../../replica/document-core.ts";
import type { ReplicaHost } from "../../replica/ports.ts";
import { type Fingerprint, fingerprintOfVector } from "../../wire/fingerprint.ts";
import { ItemTree } from "./item-tree.ts";

type Visible = (name: string) => boolean;

export class DocumentIndex {
  readonly #host: ReplicaHost;
  readonly #tree = new ItemTree();
  readonly #names = new Set<string>();
  readonly #dirty = new Set<DocumentCore>();
  readonly #views = new Set<DocumentView>();
  /** Documents seen open while the stored ones are read: what the store says of them may be older. */
  #seenOpen: Set<string> | undefined;
  #ready: Promise<void> | undefined;

  constructor(host: ReplicaHost) {
    this.#host = host;
  }

  /** Names held. */
  get names(): Iterable<string> {
    return this.#names;
  }

  get tree(): ItemTree {
    return this.#tree;
  }

  /** Follows the replica from the first call on; resolves when the stored documents are in. Errors: those of the store. */
  ready(): Promise<void> {
    this.#ready ??= this.#start();
    return this.#ready;
  }

  /** Takes in what was written since the last call. */
  refresh(): void {
    for (const core of this.#dirty) if (!core.isClosed) this.#set(core.name, fingerprintOfCore(core));
    this.#dirty.clear();
  }

  /** What one peer compares with. */
  view(prefix: string, visible: Visible | undefined): DocumentView {
    const view = new DocumentView(this, prefix, visible);
    this.#views.add(view);
    return view;
  }

  forget(view: DocumentView): void {
    this.#views.delete(view);
  }

  async #start(): Promise<void> {
    this.#seenOpen = new Set();
    this.#host.onOpen((core) => this.#opened(core));
    this.#host.onClose((core) => this.#closing(core));
    for (const core of this.#host.documents()) this.#opened(core);
    for await (const [name, fingerprint] of this.#host.storedFingerprints()) {
      if (!this.#seenOpen.has(name)) this.#set(name, presentOnly(fingerprint));
    }
    this.#seenOpen = undefined;
  }

  #opened(core: DocumentCore): void {
    this.#seenOpen?.add(core.name);
    this.#dirty.add(core);
    core.onDelta(() => this.#dirty.add(core));
  }

  #closing(core: DocumentCore): void {
    this.#dirty.delete(core);
    this.#set(core.name, this.#host.isStored ? fingerprintOfCore(core) : undefined);
  }

  #set(name: string, fingerprint: Fingerprint | undefined): void {
    if (!this.#tree.set(name, fingerprint)) return;
    if (fingerprint === undefined) this.#names.delete(name);
    else this.#names.add(name);
    if (this.#views.size === 0) return;
    const member = this.#tree.member(name);
    for (const view of this.#views) view.changed(name, member);
  }
}

function fingerprintOfCore(core: DocumentCore): Fingerprint | undefined {
  return presentOnly(fingerprintOfVector(core.versionVector));
}

const presentOnly = (fingerprint: Fingerprint): Fingerprint | undefined =>
  fingerprint.every((lane) => lane === 0) ? undefined : fingerprint;

export class DocumentView {
  readonly #index: DocumentIndex;
  readonly #prefix: string;
  readonly #visible: Visible | undefined;
  readonly #excluded = new Set<string>();
  /** Its own where it does not show everything. */
  #tree: ItemTree | undefined;

  constructor(index: DocumentIndex, prefix: string, visible: Visible | undefined) {
    this.#index = index;
    this.#prefix = prefix;
    this.#visible = visible;
    if (prefix !== "" || visible !== undefined) this.#fork();
  }

  get tree(): ItemTree {
    return this.#tree ?? this.#index.tree;
  }

  /** Whether a document of this name belongs here. */
  shows(name: string): boolean {
    return name.startsWith(this.#prefix) && !this.#excluded.has(name) && (this.#visible?.(name) ?? true);
  }

  /** Leaves a document out from now on. */
  exclude(name: string): void {
    this.#excluded.add(name);
    if (this.#tree === undefined) this.#fork();
    else this.#tree.put(name, undefined);
  }

  changed(name: string, member: Fingerprint | undefined): void {
    if (this.#tree !== undefined && this.shows(name)) this.#tree.put(name, member);
  }

  close(): void {
    this.#index.forget(this);
  }

  #fork(): void {
    this.#tree = new ItemTree();
    for (const name of this.#index.names) {
      if (this.shows(name)) this.#tree.put(name, this.#index.tree.member(name));
    }
  }
}
