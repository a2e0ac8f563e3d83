// Bytes nobody meant into an open session: it goes on or ends with a goodbye, other sessions live, and no document
// changes unless a whole delta came through. Longer with FUZZ_FRAMES=n.
import { describe, expect, it } from "vitest";
import { PACKED_PLAIN_BYTES_MAX } from "../../host/limits.ts";
import { encodeMessage, FEATURES, messageTypeOf } from "../../host/net/messages.ts";
import { decodePacked, encodePacked, PACKED_TYPE } from "../../host/net/packing.ts";
import { PRESENCE_TYPE } from "../../host/net/presence-sender.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import { writeUint32 } from "../../host/wire/replica-id.ts";
import { xxhash32 } from "../../host/wire/xxhash32.ts";
import { randomFrom } from "./faulty-transport.ts";
import { converged, createNode, join, type Node, openHome, pause } from "./fleet.ts";
import { hello } from "./scripted-peer.ts";

const FRAMES = Number(process.env.FUZZ_FRAMES ?? 10_000);
const FRAMES_A_SESSION = 200;
const PRESENCE_FEATURE = 1 << 3;

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
    // Every fourth turn is large enough to be packed.
    if (index % 4 === 1) for (let key = 0; key < 60; key++) home.settings.set(`many${key}`, `value ${index}`);
    a.hub.presence("home").set({ index, text: "x".repeat(index) });
    await converged([a, b]);
  }
  await pause(100);
  for (const type of [PACKED_TYPE, PRESENCE_TYPE]) {
    if (!frames.some((frame) => frame[0] === type)) throw new Error(`no frame of type ${type} was recorded`);
  }
  return frames;
}

function damaged(frames: readonly Uint8Array[], random: () => number): Uint8Array {
  const below = (bound: number) => Math.floor(random() * bound);
  if (random() < 0.2) return Uint8Array.from({ length: below(80) }, () => below(256));
  const bytes = frames[below(frames.length)]!.slice();
  if (random() < 0.05) return encodePacked(damaged(frames, random));
  if (bytes[0] === PACKED_TYPE && random() < 0.5) return encodePacked(damaged([decodePacked(bytes)], random));
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
  if (random() < 0.9)
    left.send(encodeMessage(hello({ clockMs: Date.now(), features: FEATURES.packed | PRESENCE_FEATURE })));
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
    // A machine that stands still for a second must not end the good session.
    const timing = { heartbeatMs: 60_000, repairMs: 60, handshakeMs: 5_000 };
    const [relay, good] = [createNode(1, { timing }), createNode(2, { timing })];
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
        await converged([relay, good], "good", 60_000);
      }
    }
    expect(client.isOpen).toBe(true);
    expect(unforeseen).toEqual([]);
    home.visits.increment();
    await converged([relay, good], "good", 60_000);
    expect(sent).toBeGreaterThanOrEqual(FRAMES);
  }, 600_000);
});

describe("packed frames nobody meant", () => {
  it("never cost more than they state, and are refused with a code", () => {
    const random = randomFrom(Number(process.env.FUZZ_SEED ?? 2));
    const below = (bound: number) => Math.floor(random() * bound);
    const frame = Uint8Array.from({ length: 3_000 }, (_, index) => (index * index) % 23);
    frame.set([8, 0, 0]);
    const packed = encodePacked(frame);
    let refused = 0;
    for (let count = 0; count < FRAMES; count++) {
      const bytes = packed.slice(0, random() < 0.3 ? below(packed.length) : packed.length);
      for (let change = below(4); change > 0; change--) bytes[1 + below(bytes.length - 1)] = below(256);
      reseal(bytes);
      try {
        expect(decodePacked(bytes).length).toBeLessThanOrEqual(PACKED_PLAIN_BYTES_MAX);
      } catch (error) {
        expect(error).toMatchObject({ code: "protocol-error" });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(FRAMES / 2);
  });
});
