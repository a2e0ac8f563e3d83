// Bytes nobody meant into an open session: it goes on or ends with a goodbye, other sessions live, and no document
// changes unless a whole delta came through. Longer with FUZZ_FRAMES=n.
import { describe, expect, it } from "vitest";
import { encodeMessage, messageTypeOf } from "../../host/net/messages.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import { writeUint32 } from "../../host/wire/replica-id.ts";
import { xxhash32 } from "../../host/wire/xxhash32.ts";
import { randomFrom } from "./faulty-transport.ts";
import { converged, createNode, join, type Node, openHome, pause } from "./fleet.ts";
import { hello } from "./scripted-peer.ts";

const FRAMES = Number(process.env.FUZZ_FRAMES ?? 10_000);
const FRAMES_A_SESSION = 200;

/** Real frames of a real session, to be damaged. */
async function recordFrames(): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  const [a, b] = [createNode(11), createNode(12)];
  const home = await openHome(a);
  join(a, b, (transport) => ({
    peer: transport.peer,
    get bufferedBytes() {
      return transport.bufferedBytes;
    },
    send(bytes) {
      frames.push(bytes.slice());
      transport.send(bytes);
    },
    onMessage: (listener) => transport.onMessage(listener),
    onClose: (listener) => transport.onClose(listener),
    close: (code, reason) => transport.close(code, reason),
    terminate: () => transport.terminate(),
  }));
  for (let index = 0; index < 20; index++) {
    home.settings.set(`key${index}`, "value");
    home.tags.add(`tag${index % 3}`);
    if (index % 4 === 0) home.tags.delete("tag0");
    await converged([a, b]);
  }
  await pause(50);
  return frames;
}

function damaged(frames: readonly Uint8Array[], random: () => number): Uint8Array {
  const below = (bound: number) => Math.floor(random() * bound);
  if (random() < 0.2) return Uint8Array.from({ length: below(80) }, () => below(256));
  const bytes = frames[below(frames.length)]!.slice();
  const kind = random();
  if (kind < 0.2) return bytes;
  if (kind < 0.4) return bytes.subarray(0, below(bytes.length));
  for (let count = 1 + below(3); count > 0; count--) bytes[below(bytes.length)] = below(256);
  if (random() < 0.7) reseal(bytes);
  return bytes;
}

/** Makes the checksum right again, so that the damage reaches what lies behind it. */
function reseal(bytes: Uint8Array): void {
  if (bytes.length < 5 || messageTypeOf(bytes) === "stream") return;
  writeUint32(bytes, bytes.length - 4, xxhash32(bytes, 0, 0, bytes.length - 4));
}

function attack(node: Node, frames: readonly Uint8Array[], random: () => number): Promise<number> {
  const [left, right] = createMemoryTransports((deliver) => setImmediate(deliver));
  let sent = 0;
  let isOpen = true;
  node.hub.attach(right, "server");
  left.onClose(() => {
    isOpen = false;
  });
  left.onMessage(() => {});
  if (random() < 0.9) left.send(encodeMessage(hello({ clockMs: Date.now() })));
  const send = async (): Promise<number> => {
    while (isOpen && sent < FRAMES_A_SESSION) {
      for (let count = 0; count < 5; count++, sent++) left.send(damaged(frames, random));
      await pause(0);
    }
    left.terminate();
    return sent;
  };
  return send();
}

describe("frames nobody meant", () => {
  it(`do no harm (${FRAMES} of them)`, async () => {
    const random = randomFrom(Number(process.env.FUZZ_SEED ?? 1));
    const frames = await recordFrames();
    const [relay, good] = [createNode(1), createNode(2)];
    const home = await openHome(good, "good");
    const unforeseen: string[] = [];
    relay.hub.onEvent(
      ({ message }) => message.includes("handling a frame failed") && unforeseen.push(message),
    );
    const { client } = join(good, relay);
    let sent = 0;
    let attacks = 0;
    while (sent < FRAMES) {
      sent += await attack(relay, frames, random);
      attacks++;
      for (const core of relay.host.documents()) core.engine.checkInvariants();
      if (attacks % 50 === 0) {
        home.visits.increment();
        await converged([relay, good], "good");
      }
    }
    expect(client.isOpen).toBe(true);
    expect(unforeseen).toEqual([]);
    home.visits.increment();
    await converged([relay, good], "good");
    expect(sent).toBeGreaterThanOrEqual(FRAMES);
  }, 600_000);
});
