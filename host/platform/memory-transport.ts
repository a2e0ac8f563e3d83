// Two transports joined back to back inside one process, for tests and for replicas that share a process. Delivery
// is deferred by the given scheduler, one call a message, so a simulator can hold, reorder between pairs, or cut.
import {
  CLOSE_LOST,
  CLOSE_NORMAL,
  type Transport,
  type TransportClose,
  TransportInbox,
} from "./transport.ts";

/** Runs `deliver` later, in the order given. */
export type DeliverySchedule = (deliver: () => void) => void;

class MemoryTransport implements Transport {
  readonly peer: string;
  readonly #schedule: DeliverySchedule;
  readonly inbox = new TransportInbox();
  #other: MemoryTransport | undefined;
  #bufferedBytes = 0;
  #isClosing = false;

  constructor(peer: string, schedule: DeliverySchedule) {
    this.peer = peer;
    this.#schedule = schedule;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes + (this.#other?.inbox.heldBytes ?? 0);
  }

  join(other: MemoryTransport): void {
    this.#other = other;
  }

  send(bytes: Uint8Array): void {
    if (this.#isClosing || this.inbox.isClosed) return;
    const copy = bytes.slice();
    this.#bufferedBytes += copy.length;
    this.#schedule(() => {
      this.#bufferedBytes -= copy.length;
      this.#other?.inbox.message(copy);
    });
  }

  onMessage(listener: (bytes: Uint8Array) => void): void {
    this.inbox.onMessage(listener);
  }

  onClose(listener: (close: TransportClose) => void): void {
    this.inbox.onClose(listener);
  }

  pauseReading(): void {
    this.inbox.pause();
  }

  resumeReading(): void {
    this.inbox.resume();
  }

  close(code = CLOSE_NORMAL, reason = ""): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#schedule(() => this.#end({ code, reason }));
  }

  terminate(): void {
    this.#isClosing = true;
    this.#end({ code: CLOSE_LOST, reason: "terminated" });
  }

  #end(close: TransportClose): void {
    this.inbox.closed(close);
    if (this.#other !== undefined) {
      this.#other.#isClosing = true;
      this.#other.inbox.closed(close);
    }
  }
}

/** A joined pair. Without a scheduler, messages arrive in a microtask. */
export function createMemoryTransports(
  schedule: DeliverySchedule = queueMicrotask,
): readonly [Transport, Transport] {
  const left = new MemoryTransport("memory:right", schedule);
  const right = new MemoryTransport("memory:left", schedule);
  left.join(right);
  right.join(left);
  return [left, right];
}
