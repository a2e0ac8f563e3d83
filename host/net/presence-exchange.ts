// Presence between replicas (docs/protocol.md, "Presence"): who is in a document now, and a small value each says of
// itself. Ephemeral: lossy, capped per connection and second, never stored. Relays forward what is newer than they know
// and decode nothing. Not to be mistaken for presence a fleet writes into a document, which is kept and ordered.
import { CrdtError } from "../errors.ts";
import {
  PRESENCE_BYTES_PER_SECOND,
  PRESENCE_STATES_PER_FRAME_MAX,
  PRESENCE_VALUE_BYTES_MAX,
} from "../limits.ts";
import type { DocumentPresence, ReplicaHost } from "../replica/ports.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import type { Value } from "../wire/value.ts";
import { encodeValue } from "../wire/value-codec.ts";
import type { Extension, ExtensionEnd, ExtensionPeer } from "./extension.ts";
import { type FrameReader, malformed } from "./frame-reader.ts";
import type { Link } from "./link.ts";
import { PRESENCE_TYPE, PresenceSender } from "./presence-sender.ts";
import { PRESENCE_LIFETIME_MS, type PresenceState, PresenceTable, readState } from "./presence-table.ts";
import { PresenceView } from "./presence-view.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Three renewals fit into a lifetime, so that one may be lost. */
const RENEW_MS = PRESENCE_LIFETIME_MS / 3;
const SWEEP_MS = 1_000;
/** A peer may send a little more than we would: clocks differ. */
const RECEIVED_FACTOR = 2;

export class PresenceExchange implements Extension {
  readonly feature = 1 << 3;
  readonly types = [PRESENCE_TYPE];
  readonly #host: ReplicaHost;
  readonly #tables = new Map<string, PresenceTable>();
  readonly #senders = new Set<PresenceSender>();
  readonly #views = new Map<string, PresenceView>();
  #own: ReplicaId;
  #cancelSweep: (() => void) | undefined;
  #renewedAtMs = 0;

  constructor(host: ReplicaHost) {
    this.#host = host;
    this.#own = host.id;
    host.onIdChange((id, previous) => this.#renamed(id, previous));
  }

  open(peer: ExtensionPeer): ExtensionEnd {
    const { platform } = this.#host;
    const sender = new PresenceSender(platform, peer, (name) => this.#tables.get(name));
    const perSecond = PRESENCE_BYTES_PER_SECOND * RECEIVED_FACTOR;
    const received = new TokenBucket(perSecond, perSecond, platform.monotonicMs());
    this.#senders.add(sender);
    return {
      receive: (_type, reader) => {
        // What is too much is not looked at: what matters of it comes again with the next renewal.
        const isInRate = received.tryTake(reader.remaining, platform.monotonicMs());
        if (isInRate) this.#received(peer, sender, reader);
      },
      joined: (link) => this.#joined(sender, link),
      close: () => {
        sender.close();
        this.#senders.delete(sender);
      },
    };
  }

  /** What an application sees of a document's presence. Errors: document-closed. */
  of(name: string): DocumentPresence {
    if (![...this.#host.documents()].some((core) => core.name === name)) {
      throw new CrdtError("document-closed", `document "${name}" is not open; open it to see who is there`);
    }
    let view = this.#views.get(name);
    if (view === undefined) {
      view = new PresenceView({
        set: (value) => this.#set(name, value),
        leave: () => this.#leave(name),
        closed: () => this.#views.delete(name),
        own: () => this.#own,
        table: this.#tableOf(name),
      });
      this.#views.set(name, view);
    }
    return view;
  }

  /** Says goodbye in a document that closes here. */
  documentClosing(name: string): void {
    this.#views.get(name)?.close();
    for (const sender of this.#senders) sender.flush();
    this.#tables.delete(name);
  }

  /** Says goodbye everywhere. */
  close(): void {
    for (const name of [...this.#tables.keys()]) this.documentClosing(name);
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  #tableOf(name: string): PresenceTable {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new PresenceTable();
      this.#tables.set(name, table);
    }
    return table;
  }

  /** Who comes to a document learns who is there. */
  #joined(sender: PresenceSender, link: Link): void {
    const { name } = link.room.core;
    for (const { replica } of this.#tables.get(name)?.states() ?? []) sender.add(name, replica);
  }

  #received(peer: ExtensionPeer, sender: PresenceSender, reader: FrameReader): void {
    const link = peer.linkByPeerIndex(reader.varint());
    const count = reader.varint();
    if (count === 0 || count > PRESENCE_STATES_PER_FRAME_MAX) throw malformed(`${count} states of presence`);
    const nowMs = this.#host.platform.monotonicMs();
    const states: PresenceState[] = [];
    for (let row = 0; row < count; row++) states.push(readState(reader, nowMs));
    reader.done();
    // A frame of a document that was just given up may still have been on its way.
    if (link === undefined) return;
    for (const state of states) this.#take(link.room.core.name, state, sender);
  }

  #take(name: string, state: PresenceState, source: PresenceSender | undefined): void {
    const table = this.#tableOf(name);
    const isOwn = source === undefined;
    if (state.replica === this.#own && !isOwn) {
      this.#views.get(name)?.overtaken(state.counter);
      return;
    }
    if (!table.take(state, this.#host.platform.monotonicMs(), isOwn)) return;
    for (const sender of this.#senders) if (sender !== source) sender.add(name, state.replica);
    this.#views.get(name)?.changed(state.replica);
    this.#sweepLater();
  }

  #set(name: string, value: Value): void {
    const bytes = encodeValue(value);
    if (bytes.length > PRESENCE_VALUE_BYTES_MAX) {
      throw new CrdtError(
        "limit-exceeded",
        `a presence of ${bytes.length} bytes; at most ${PRESENCE_VALUE_BYTES_MAX} are allowed: keep the rest in the document`,
      );
    }
    this.#announce(name, bytes);
  }

  #leave(name: string): void {
    if (this.#tables.get(name)?.get(this.#own)?.value !== undefined) this.#announce(name, undefined);
  }

  #announce(name: string, value: Uint8Array | undefined): void {
    const { platform } = this.#host;
    const view = this.#views.get(name);
    const counter = view?.nextCounter(platform.now()) ?? platform.now();
    this.#take(name, { replica: this.#own, counter, value, bornAtMs: platform.monotonicMs() }, undefined);
  }

  /** Who was there under one id is there under another. */
  #renamed(id: ReplicaId, previous: ReplicaId): void {
    const values = [...this.#tables].map(([name, table]) => [name, table.get(previous)?.value] as const);
    for (const [name] of values) this.#leave(name);
    this.#own = id;
    for (const [name, value] of values) if (value !== undefined) this.#announce(name, value);
  }

  #sweepLater(): void {
    this.#cancelSweep ??= this.#host.platform.setTimer(
      () => {
        this.#cancelSweep = undefined;
        this.#sweep();
      },
      SWEEP_MS,
      { background: true },
    );
  }

  #sweep(): void {
    const nowMs = this.#host.platform.monotonicMs();
    const isRenewing = nowMs - this.#renewedAtMs >= RENEW_MS - SWEEP_MS;
    if (isRenewing) this.#renewedAtMs = nowMs;
    for (const [name, table] of this.#tables) {
      const own = table.get(this.#own);
      if (isRenewing && own?.value !== undefined) this.#announce(name, own.value);
      for (const replica of table.expire(nowMs)) this.#views.get(name)?.changed(replica);
      if (table.size === 0 && !this.#views.has(name)) this.#tables.delete(name);
    }
    if ([...this.#tables.values()].some(({ size }) => size > 0)) this.#sweepLater();
  }
}
