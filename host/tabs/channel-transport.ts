// A transport between two tabs over a channel of their own. A channel has no end, no answer and no back-pressure, so
// all three travel in it: a close, and how many bytes the other side has taken, from which the bytes still under way are
// known; a reader that stands still is then resynced by its session like any slow one.
import type { TabChannel } from "../platform/tab-world.ts";
import {
  CLOSE_LOST,
  CLOSE_NORMAL,
  type Transport,
  type TransportClose,
  TransportInbox,
} from "../platform/transport.ts";

/** Bytes taken before the sender is told. */
const TELL_TAKEN_BYTES = 65_536;

type Message =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "taken"; readonly bytes: number }
  | { readonly kind: "close"; readonly code: number; readonly reason: string };

/** What came over a channel, if it is a message of ours. */
function asMessage(data: unknown): Message | undefined {
  if (typeof data !== "object" || data === null || !("kind" in data)) return undefined;
  const { kind, bytes, code, reason } = data as Record<string, unknown>;
  if (kind === "bytes" && bytes instanceof Uint8Array) return { kind, bytes };
  if (kind === "taken" && typeof bytes === "number") return { kind, bytes };
  if (kind === "close" && typeof code === "number" && typeof reason === "string")
    return { kind, code, reason };
  return undefined;
}

export class ChannelTransport implements Transport {
  readonly peer: string;
  readonly #channel: TabChannel;
  readonly #inbox = new TransportInbox();
  readonly #ended: () => void;
  #underWayBytes = 0;
  #untoldBytes = 0;

  constructor(channel: TabChannel, peer: string, ended: () => void = () => {}) {
    this.#channel = channel;
    this.#ended = ended;
    this.peer = peer;
  }

  get bufferedBytes(): number {
    return this.#inbox.isClosed ? 0 : this.#underWayBytes;
  }

  /** Takes what came over the channel; says whether it was for a transport. */
  receive(data: unknown): boolean {
    const message = asMessage(data);
    if (message === undefined || this.#inbox.isClosed) return message !== undefined;
    if (message.kind === "close") this.#end({ code: message.code, reason: message.reason });
    else if (message.kind === "taken") this.#underWayBytes = Math.max(0, this.#underWayBytes - message.bytes);
    else this.#take(message.bytes);
    return true;
  }

  send(bytes: Uint8Array): void {
    if (this.#inbox.isClosed) return;
    // A view is copied with all of the buffer behind it.
    const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
    this.#underWayBytes += whole.length;
    this.#post({ kind: "bytes", bytes: whole });
  }

  onMessage(listener: (bytes: Uint8Array) => void): void {
    this.#inbox.onMessage(listener);
  }

  onClose(listener: (close: TransportClose) => void): void {
    this.#inbox.onClose(listener);
  }

  close(code = CLOSE_NORMAL, reason = ""): void {
    if (this.#inbox.isClosed) return;
    this.#post({ kind: "close", code, reason });
    this.#end({ code, reason });
  }

  terminate(): void {
    this.close(CLOSE_LOST, "terminated");
  }

  #take(bytes: Uint8Array): void {
    this.#untoldBytes += bytes.length;
    if (this.#untoldBytes >= TELL_TAKEN_BYTES) {
      this.#post({ kind: "taken", bytes: this.#untoldBytes });
      this.#untoldBytes = 0;
    }
    this.#inbox.message(bytes);
  }

  #post(message: Message): void {
    this.#channel.post(message);
  }

  #end(close: TransportClose): void {
    this.#channel.close();
    this.#ended();
    this.#inbox.closed(close);
  }
}
