// What the rooms around a replica agree on: how a store keeps its documents, how networking reaches them, and what
// both see of the replica. No values here; createReplica joins the three.
import type { Engine, ReplicaId } from "../engine/engine.ts";
import type { CrdtError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import type { TransportOptions } from "../platform/transport.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import type { Value } from "../wire/value.ts";
import type { DeltaSource, DocumentCore } from "./document-core.ts";

/**
 * What `durable()` promises: "flushed" survives power loss, "buffered" survives the end of the process (kill -9) but
 * not that of the operating system.
 */
export type Durability = "flushed" | "buffered";

/** Why a replica gave up its id. */
export type RotationReason =
  /** A merge or a peer showed mutations under our id that we never made. */
  | "id-taken"
  /** The store was copied, restored, or not closed cleanly. */
  | "store";

export interface StoredDocument {
  /** Snapshots and deltas in the order they were applied; each is merged with {@link DocumentCore.restore}. */
  readonly parts: readonly Uint8Array[];
  /** The document's clock when it was last recorded; 0 when it never was. */
  readonly clock: number;
  /** Something of it was lost, own mutations perhaps: the replica takes a new id before it writes (`rotateId("store")`). */
  readonly isDamaged: boolean;
}

/** Keeps documents of one replica between runs. */
export interface DocumentStore {
  /** It keeps them with another replica: this one has stored nothing itself, and does not say so to peers. */
  readonly isElsewhere?: boolean;
  /** The id to write with: the kept one, or a new one where the kept one is not safe to use. */
  readonly replica: ReplicaId;
  /**
   * What named this very copy of the storage when it was opened: a copied or restored one answers differently, one whose
   * process was killed answers as before, and a clean close changes it. Undefined in browsers.
   */
  readonly fingerprint?: string | undefined;
  /** Names of the documents it holds. */
  names(): Promise<string[]>;
  /**
   * What each stored document had seen when it was last written, without opening any: the fingerprint of its version
   * vector. Leaves out those that are open.
   */
  fingerprints(): AsyncIterable<readonly [name: string, fingerprint: Fingerprint]>;
  /** What is stored of a document; no parts when nothing is. Errors: store-corrupt, store-closed. */
  load(name: string): Promise<StoredDocument>;
  /** Records every delta of `core` from now on; `core` holds exactly what `load` gave. */
  attach(core: DocumentCore): void;
  /** Records what is pending of `core` and stops following it. */
  detach(core: DocumentCore): Promise<void>;
  /** Resolves when all that `core` emitted so far is stored as the durability promises. */
  durable(core: DocumentCore): Promise<void>;
  /**
   * Stores a snapshot in the place of everything stored of `core` so far, and has the bytes before it given up, or says why
   * not. Absent where it is for somebody else to do.
   */
  rewrite?(core: DocumentCore): Promise<void>;
  /** Whether anything that `core` emitted is not stored yet. */
  isPending(core: DocumentCore): boolean;
  /** The replica writes with another id from now on. */
  setReplica(replica: ReplicaId): void;
  /** What the store noticed and survived: torn tails, holes, failed writes. Tells the past ones at once. */
  onEvent(listener: (event: StoreEvent) => void): () => void;
  /** Stores everything, marks the directory as closed cleanly, and lets go of it. */
  close(): Promise<void>;
}

export interface StoreEvent {
  readonly kind: "torn-tail" | "hole" | "new-replica-id" | "write-failed";
  readonly document: string | undefined;
  readonly message: string;
  /** Of a torn tail or a hole: the first place affected in the document's chain of records. */
  readonly place?: number;
  /** Records behind that place which could be kept whole. */
  readonly kept?: number;
  /** Records lost whole or in part. */
  readonly dropped?: number;
}

export type ConnectionStatus = "connecting" | "open" | "closed" | "waiting";

/**
 * How far own mutations of a document have come, as sequence numbers: each says that those up to it have. They count from
 * the replica's present id, and from 0 when it takes another.
 */
export interface WriteProgress {
  readonly document: string;
  /** Made here. */
  readonly written: number;
  /** Kept by the store here as durably as it promises; 0 without one. */
  readonly stored: number;
  /** Handed to the socket of the present connection; falls back to `merged` when it is lost. */
  readonly sent: number;
  /** Merged by the peer. */
  readonly merged: number;
  /** Stored by the peer, or by one this connection led to earlier; stays 0 where the peer has no store. */
  readonly durable: number;
  /** What is true of all of them. */
  readonly state: "local" | "sent" | "merged" | "durable";
}

/** A lasting link to a peer that reconnects by itself. */
export interface Connection {
  /** The address it leads to now, or tries next. */
  readonly url: string;
  readonly status: ConnectionStatus;
  /** The id of the replica at the other end; undefined before the first handshake. */
  readonly peer: ReplicaId | undefined;
  /** Why there is no connection now; undefined while there is one. */
  readonly error: CrdtError | undefined;
  /** Local mutations the peer has not acknowledged yet, over all documents. */
  readonly lag: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  onStatus(listener: (status: ConnectionStatus) => void): () => void;
  /**
   * Asks the relay to take the credential of this id back, when there is a session; a replica without admin on every
   * document is disconnected for asking (access-denied).
   */
  revoke(credentialId: string): Promise<void>;
  /** Resolves when the peer acknowledged all that this replica knows now, and sent what it knew (of one document or of all). */
  synced(document?: { readonly name: string } | string): Promise<void>;
  /** Resolves when the peer has stored all that this replica knows now (of one document or of all). Errors: no-store. */
  durable(document?: { readonly name: string } | string): Promise<void>;
  /** How far own mutations of an open document have come. Errors: document-closed. */
  progress(document: { readonly name: string } | string): WriteProgress;
  /** Tells of documents whose progress has changed, once a turn of the event loop at most. */
  onProgress(listener: (progress: WriteProgress) => void): () => void;
  close(): Promise<void>;
}

/** A credential, or where to get a fresh one; asked at each connect and again before the last one expires. */
export type CredentialSource = string | (() => string | Promise<string>);

export interface ConnectOptions extends TransportOptions {
  /** What a relay with a guard asks for, such as a token. */
  readonly credential?: CredentialSource;
  /**
   * What orders several addresses: clients with the same key prefer the same relay. The replica's id unless given; the name
   * of a document brings those who share it together.
   */
  readonly key?: string;
}

export interface PresenceChange {
  readonly replica: ReplicaId;
  /** What it says of itself now; undefined when it is gone. */
  readonly value: Value | undefined;
}

/**
 * Who else is in a document now, and what they say of themselves. Ephemeral: values in between may be lost, the last one
 * arrives while there is a connection, nothing is stored, and who falls silent is gone after 30 s.
 */
export interface DocumentPresence {
  /** The others, by replica; live. */
  readonly peers: ReadonlyMap<ReplicaId, Value>;
  /** What this replica says of itself, until it says something else or leaves. Errors: invalid-value, limit-exceeded. */
  set(value: Value): void;
  /** This replica is not there any more; it still sees the others. */
  leave(): void;
  subscribe(listener: (change: PresenceChange) => void): () => void;
  /** Leaves, and stops telling. The end of the document or the replica does so too. */
  close(): void;
}

export interface SyncAllOptions {
  /** Documents whose names begin so; all unless given. */
  readonly prefix?: string;
  /** How long between two comparisons, in milliseconds; 30,000 unless given, at least 100. */
  readonly everyMs?: number;
}

/** One comparison of all documents with one peer, and what came of it. */
export interface SyncRound {
  readonly peer: ReplicaId;
  /** Documents compared: what this replica holds after the round. */
  readonly documents: number;
  /** Those that differed and were brought over one way or both. */
  readonly different: number;
  /** Those the peer does not carry for this replica: left out on this connection from now on. */
  readonly refused: readonly string[];
  /** Those that did not come to agree in time: left out on this connection from now on. */
  readonly unsettled: readonly string[];
  /** Questions of the comparison, each one round trip. */
  readonly requests: number;
  /** Bytes of the comparison on the wire, both ways, without the documents. */
  readonly bytes: number;
  /** More may differ than one comparison brings: the next goes on. */
  readonly isCut: boolean;
}

/** Keeps all stored documents in sync with every peer this replica connects to. */
export interface DocumentSync {
  /** Compares with every connected peer now; resolves when what differed agrees. */
  compare(): Promise<readonly SyncRound[]>;
  onRound(listener: (round: SyncRound) => void): () => void;
  /** Compares no more; connections stay. */
  stop(): void;
}

/** Carries documents between replicas. */
export interface Network {
  /** Resolves after the first handshake. Errors: access-denied, connection-failed, protocol-error, invalid-argument. */
  connect(url: string | readonly string[], options?: ConnectOptions): Promise<Connection>;
  connections(): readonly Connection[];
  /** Errors: invalid-argument. */
  syncAll(options: SyncAllOptions): DocumentSync;
  /** Presence in an open document. Errors: document-closed. */
  presence(name: string): DocumentPresence;
  close(): Promise<void>;
}

/** What stores and sessions see of a replica. */
export interface ReplicaHost {
  readonly id: ReplicaId;
  readonly platform: Platform;
  readonly engine: Engine;
  /** How far ahead of ours a clock may be before it is reported. */
  readonly driftLimitMs: number;
  /** Whether there is a store, so that `durable` means something. */
  readonly isStored: boolean;
  /** {@link DocumentStore.fingerprint} of its store. */
  readonly storeFingerprint: string | undefined;
  /** The open documents. */
  documents(): Iterable<DocumentCore>;
  /** Opens a document by name alone, loading what is stored; free when it is open. */
  openCore(name: string): Promise<DocumentCore>;
  /** Closes what `openCore` opened, unless an application has a view of it. */
  releaseCore(core: DocumentCore): Promise<void>;
  /** The names of all documents, open or stored. */
  documentNames(): Promise<string[]>;
  /** What the stored documents that are not open have seen ({@link DocumentStore.fingerprints}). */
  storedFingerprints(): AsyncIterable<readonly [name: string, fingerprint: Fingerprint]>;
  /** Opens a document for as long as it takes: give it back with {@link ReplicaHost.returnCore}. */
  borrowCore(name: string): Promise<DocumentCore>;
  /** Closes a borrowed document unless somebody else needs it, or nothing else would keep it. */
  returnCore(core: DocumentCore): Promise<void>;
  /** Tells of each document opened from now on. */
  onOpen(listener: (core: DocumentCore) => void): () => void;
  /** Tells of each document about to close. */
  onClose(listener: (core: DocumentCore) => void): () => void;
  /** Resolves when all of `core` so far is stored as the durability promises; at once without a store. */
  durable(core: DocumentCore): Promise<void>;
  /** Whether there is a store that has yet to store something of `core`. */
  isPending(core: DocumentCore): boolean;
  /** Takes a new id for all documents before any further write, and says so. */
  rotateId(reason: RotationReason): ReplicaId;
  onIdChange(listener: (id: ReplicaId, previous: ReplicaId) => void): () => void;
  /** Reports that a peer's clock or a timestamp is further ahead than the drift limit. */
  reportClock(aheadMs: number, source: DeltaSource): void;
}
