// A transport whose sending can be held back.
import type { Transport } from "../../host/platform/transport.ts";

export interface Gate {
  readonly heldBytes: number;
  pause(): void;
  /** Sends what was held, in one go. */
  resume(): void;
}

/** A transport that holds back what is sent while it is paused, as one does whose peer does not read. */
export function gated(transport: Transport): { readonly gate: Gate; readonly wrapped: Transport } {
  const held: Uint8Array[] = [];
  let isPaused = false;
  const gate = {
    heldBytes: 0,
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      gate.heldBytes = 0;
      for (const bytes of held.splice(0)) transport.send(bytes);
    },
  };
  const wrapped: Transport = {
    peer: transport.peer,
    get bufferedBytes() {
      return transport.bufferedBytes + gate.heldBytes;
    },
    send(bytes) {
      if (!isPaused) transport.send(bytes);
      else {
        held.push(bytes);
        gate.heldBytes += bytes.length;
      }
    },
    onMessage: (listener) => transport.onMessage(listener),
    onClose: (listener) => transport.onClose(listener),
    close: (code, reason) => transport.close(code, reason),
    terminate: () => transport.terminate(),
  };
  return { gate, wrapped };
}
