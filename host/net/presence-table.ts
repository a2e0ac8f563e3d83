// What is known of who is there in one document: per replica the newest state, by the counter of its author, until it
// is renewed no more. Values stay bytes here: relays hand them on without decoding them. Nothing is stored; the model
// is that of Yjs' awareness protocol (a clock per author, the latest wins, silence forgets).
import { PRESENCE_PEERS_MAX, PRESENCE_VALUE_BYTES_MAX } from "../limits.ts";
import type { ByteWriter } from "../wire/byte-writer.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import { type FrameReader, malformed } from "./frame-reader.ts";

/** A state that was not renewed for so long is gone. */
export const PRESENCE_LIFETIME_MS = 30_000;

const LEFT = 1;
const LIVES = 0;

export interface PresenceState {
  readonly replica: ReplicaId;
  /** Grows with each state of its author, also over restarts: the first is a wall clock's. */
  readonly counter: number;
  /** The encoded value; undefined when its author has left. */
  readonly value: Uint8Array | undefined;
  /** When it was new, on our monotonic clock. */
  readonly bornAtMs: number;
}

export class PresenceTable {
  readonly #states = new Map<ReplicaId, PresenceState>();

  get size(): number {
    return this.#states.size;
  }

  get(replica: ReplicaId): PresenceState | undefined {
    return this.#states.get(replica);
  }

  states(): Iterable<PresenceState> {
    return this.#states.values();
  }

  /** Takes a state that is newer than what is known of its author. Answers whether it was. Our own always has room. */
  take(state: PresenceState, nowMs: number, isOwn = false): boolean {
    if (nowMs - state.bornAtMs >= PRESENCE_LIFETIME_MS) return false;
    const known = this.#states.get(state.replica);
    if (known === undefined) {
      if (state.value === undefined) return false;
      if (this.#states.size >= PRESENCE_PEERS_MAX && !isOwn) return false;
    } else if (state.counter <= known.counter) return false;
    this.#states.set(state.replica, state);
    return true;
  }

  /** Forgets what was not renewed; answers whose states were there until now. */
  expire(nowMs: number): ReplicaId[] {
    const gone: ReplicaId[] = [];
    for (const { replica, bornAtMs, value } of this.#states.values()) {
      if (nowMs - bornAtMs < PRESENCE_LIFETIME_MS) continue;
      this.#states.delete(replica);
      if (value !== undefined) gone.push(replica);
    }
    return gone;
  }
}

/** Writes a state, with its age: a relay must not make it younger. */
export function writeState(writer: ByteWriter, state: PresenceState, nowMs: number): void {
  writer.replicaId(state.replica);
  writer.varint(state.counter);
  writer.varint(Math.min(PRESENCE_LIFETIME_MS, Math.max(0, Math.round(nowMs - state.bornAtMs))));
  writer.u8(state.value === undefined ? LEFT : LIVES);
  if (state.value === undefined) return;
  writer.varint(state.value.length);
  writer.append(state.value);
}

/** Errors: protocol-error. */
export function readState(reader: FrameReader, nowMs: number): PresenceState {
  const replica = reader.replicaId();
  const counter = reader.varint();
  const ageMs = reader.varint(PRESENCE_LIFETIME_MS);
  const kind = reader.u8();
  if (kind !== LIVES && kind !== LEFT) throw malformed(`a presence of kind ${kind}`);
  const length = kind === LEFT ? 0 : reader.varint(PRESENCE_VALUE_BYTES_MAX);
  const value = kind === LEFT ? undefined : reader.view(length).slice();
  return { replica, counter, value, bornAtMs: nowMs - ageMs };
}

/** Bytes a state takes in a frame, at most. */
export function stateBytesMax(state: PresenceState): number {
  return 8 + 8 + 4 + 1 + 2 + (state.value?.length ?? 0);
}
