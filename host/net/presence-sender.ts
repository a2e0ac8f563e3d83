// Presence towards one peer: which states it has not been sent, and when it gets them. A state that changes before it
// was sent is sent once, as it is then; a peer that reads slowly, or has had its share of a second, waits. So what is
// kept for a peer is bounded by what the tables hold, and presence never queues up behind documents.
import { PRESENCE_BYTES_PER_SECOND, PRESENCE_STATES_PER_FRAME_MAX } from "../limits.ts";
import type { Platform } from "../platform/platform.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import type { ExtensionPeer } from "./extension.ts";
import { type PresenceState, type PresenceTable, stateBytesMax, writeState } from "./presence-table.ts";
import { TokenBucket } from "./token-bucket.ts";

export const PRESENCE_TYPE = 17;

/** Frames of presence go out this far apart at least: what a hand on a pointer needs to look smooth. */
const INTERVAL_MS = 50;
/** With more waiting for the peer, presence stays here. */
const BACKLOG_BYTES_MAX = 65_536;

export class PresenceSender {
  readonly #platform: Platform;
  readonly #peer: ExtensionPeer;
  readonly #tableOf: (name: string) => PresenceTable | undefined;
  readonly #unsent = new Map<string, Set<ReplicaId>>();
  readonly #bytes: TokenBucket;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(platform: Platform, peer: ExtensionPeer, tableOf: (name: string) => PresenceTable | undefined) {
    this.#platform = platform;
    this.#peer = peer;
    this.#tableOf = tableOf;
    const perSecond = PRESENCE_BYTES_PER_SECOND;
    this.#bytes = new TokenBucket(perSecond, perSecond, platform.monotonicMs());
  }

  /** The peer should get the newest state of a replica. */
  add(name: string, replica: ReplicaId): void {
    if (this.#isClosed || this.#peer.linkOf(name)?.peerIndex === undefined) return;
    let replicas = this.#unsent.get(name);
    if (replicas === undefined) {
      replicas = new Set();
      this.#unsent.set(name, replicas);
    }
    replicas.add(replica);
    this.#schedule();
  }

  /** Sends what waits now, as far as the peer's share allows. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#isClosed) return;
    const nowMs = this.#platform.monotonicMs();
    this.#sentAtMs = nowMs;
    for (const [name, replicas] of this.#unsent) {
      const isDone =
        this.#peer.transport.bufferedBytes <= BACKLOG_BYTES_MAX && this.#send(name, replicas, nowMs);
      if (!isDone) break;
      this.#unsent.delete(name);
    }
    if (this.#unsent.size > 0) this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#unsent.clear();
  }

  #schedule(): void {
    if (this.#cancelTimer !== undefined) return;
    const waitMs = Math.max(0, this.#sentAtMs + INTERVAL_MS - this.#platform.monotonicMs());
    this.#cancelTimer = this.#platform.setTimer(() => this.flush(), waitMs, { background: true });
  }

  /** Sends the states of one document; answers whether all have gone. */
  #send(name: string, replicas: Set<ReplicaId>, nowMs: number): boolean {
    const link = this.#peer.linkOf(name);
    const table = this.#tableOf(name);
    if (link === undefined || table === undefined) return true;
    while (replicas.size > 0) {
      const states = this.#takeStates(replicas, table, nowMs);
      if (states.length === 0) return replicas.size === 0;
      this.#peer.sendFrame(PRESENCE_TYPE, (writer) => {
        writer.varint(link.room.index);
        writer.varint(states.length);
        for (const state of states) writeState(writer, state, nowMs);
      });
    }
    return true;
  }

  #takeStates(replicas: Set<ReplicaId>, table: PresenceTable, nowMs: number): PresenceState[] {
    const states: PresenceState[] = [];
    for (const replica of replicas) {
      const state = table.get(replica);
      if (state !== undefined) {
        if (states.length === PRESENCE_STATES_PER_FRAME_MAX) break;
        if (!this.#bytes.tryTake(stateBytesMax(state), nowMs)) break;
        states.push(state);
      }
      replicas.delete(replica);
    }
    return states;
  }
}
