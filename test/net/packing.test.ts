// Packed frames: the same bytes for all receivers, packed once, only where it gains, plain for those who cannot take
// them; and nothing a peer states makes the receiver allocate or work beyond the limits.
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { PACKED_FROM_BYTES, PACKED_PLAIN_BYTES_MAX } from "../../host/limits.ts";
import { encodeExtensionFrame } from "../../host/net/extension.ts";
import { FEATURES } from "../../host/net/messages.ts";
import { decodePacked, encodePacked, PACKED_TYPE, Packing } from "../../host/net/packing.ts";
import * as browser from "../../host/platform/browser-deflate.ts";
import * as node from "../../host/platform/node-deflate.ts";
import type { Transport } from "../../host/platform/transport.ts";
import { randomFrom } from "./faulty-transport.ts";
import { converged, createNode, FAST, join, openHome, pause, until } from "./fleet.ts";
import { connectScripted, hello } from "./scripted-peer.ts";

const STREAM = 8;

/** A stream frame of document 1 with content that gains, or does not. */
function streamFrame(length: number, random?: () => number): Uint8Array {
  const frame = Uint8Array.from({ length }, (_, index) =>
    random === undefined ? index % 7 : Math.floor(random() * 256),
  );
  frame.set([STREAM, 1, 0]);
  return frame;
}

/** Counts what passes through a transport, by the first byte. */
function spied(sent: Uint8Array[]): (transport: Transport) => Transport {
  return (transport) => ({
    peer: transport.peer,
    get bufferedBytes() {
      return transport.bufferedBytes;
    },
    send(bytes) {
      sent.push(bytes);
      transport.send(bytes);
    },
    onMessage: (listener) => transport.onMessage(listener),
    onClose: (listener) => transport.onClose(listener),
    close: (code, reason) => transport.close(code, reason),
    terminate: () => transport.terminate(),
  });
}

/** Comparing byte by byte with a description of the difference takes seconds for a megabyte. */
const isSame = (one: Uint8Array | undefined, other: Uint8Array): boolean =>
  one !== undefined && Buffer.compare(one, other) === 0;

const isPacked = (bytes: Uint8Array): boolean => bytes[0] === PACKED_TYPE;

describe.each([
  { name: "node", ...node },
  { name: "browser", ...browser },
])("deflate of $name", ({ deflate, inflate }) => {
  it("gives back what went in, to the other platform too", () => {
    const random = randomFrom(1);
    for (const length of [0, 1, 511, 512, 1024, 5_000, 100_000, 1_048_576]) {
      for (const bytes of [streamFrame(Math.max(3, length)), streamFrame(Math.max(3, length), random)]) {
        const deflated = deflate(bytes);
        expect(isSame(node.inflate(deflated, bytes.length), bytes)).toBe(true);
        expect(isSame(browser.inflate(deflated, bytes.length), bytes)).toBe(true);
      }
    }
  });

  it("says so when the length is another, and when bytes are damaged or missing", () => {
    for (const length of [600, 50_000]) {
      const bytes = streamFrame(length, randomFrom(length));
      const deflated = deflate(bytes);
      expect(inflate(deflated, length - 1)).toBeUndefined();
      expect(inflate(deflated, length + 1)).toBeUndefined();
      expect(inflate(deflated.subarray(0, deflated.length - 2), length)).toBeUndefined();
      expect(inflate(new Uint8Array(0), length)).toBeUndefined();
    }
  });

  it("stops a bomb at the length that was stated", () => {
    const bomb = deflateRawSync(new Uint8Array(256 * 1024 * 1024), { level: 1 });
    const cpuOf = (work: () => void): number => {
      const start = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(start);
      return user + system;
    };
    const whole = cpuOf(() => inflateRawSync(bomb));
    const stopped = cpuOf(() => expect(inflate(bomb, 1_000)).toBeUndefined());
    expect(stopped / whole).toBeLessThan(0.2);
  });
});

describe("packing", () => {
  it("packs a frame once, however many get it", () => {
    const packing = new Packing();
    const frame = streamFrame(4_000);
    const packed = packing.packed(frame);
    expect(packed[0]).toBe(PACKED_TYPE);
    expect(packed.length).toBeLessThan(400);
    expect(packing.packed(frame)).toBe(packed);
    expect(isSame(decodePacked(packed), frame)).toBe(true);
  });

  it("leaves short and very long frames, control frames and what gains nothing as they are", () => {
    const packing = new Packing();
    const short = streamFrame(PACKED_FROM_BYTES - 1);
    expect(packing.packed(short)).toBe(short);
    expect(isPacked(packing.packed(streamFrame(PACKED_FROM_BYTES)))).toBe(true);
    const long = streamFrame(PACKED_PLAIN_BYTES_MAX + 1);
    expect(packing.packed(long)).toBe(long);
    expect(isPacked(packing.packed(streamFrame(PACKED_PLAIN_BYTES_MAX)))).toBe(true);
    const control = streamFrame(1_000);
    control[0] = 9;
    expect(packing.packed(control)).toBe(control);
    const random = streamFrame(1_000, randomFrom(3));
    expect(packing.packed(random)).toBe(random);
  });

  it("tries a document that does not gain ever more seldom, and packs again once it gains", () => {
    const packing = new Packing();
    const random = randomFrom(5);
    for (let count = 0; count < 1_000; count++) packing.packed(streamFrame(600, random));
    let passedOver = 0;
    while (!isPacked(packing.packed(streamFrame(600)))) passedOver++;
    expect(passedOver).toBeGreaterThan(16);
    expect(passedOver).toBeLessThanOrEqual(256);
    expect(isPacked(packing.packed(streamFrame(600)))).toBe(true);
    const other = streamFrame(600);
    other[1] = 2;
    expect(isPacked(packing.packed(other))).toBe(true);
  });
});

describe("a packed frame", () => {
  const refused = (bytes: Uint8Array) =>
    expect(() => decodePacked(bytes)).toThrow(expect.objectContaining({ code: "protocol-error" }));
  const stating = (length: number, deflated: Uint8Array) =>
    encodeExtensionFrame(PACKED_TYPE, (writer) => {
      writer.varint(length);
      writer.append(deflated);
    });

  it("is refused when it states more than allowed, or anything but what it holds", () => {
    const frame = streamFrame(PACKED_PLAIN_BYTES_MAX);
    expect(decodePacked(encodePacked(frame)).length).toBe(PACKED_PLAIN_BYTES_MAX);
    refused(encodePacked(streamFrame(PACKED_PLAIN_BYTES_MAX + 1)));
    const deflated = deflateRawSync(frame);
    for (const length of [0, 1, frame.length - 1]) refused(stating(length, deflated));
    refused(stating(10_000, deflateRawSync(new Uint8Array(8 * 1024 * 1024))));
    refused(stating(2, deflateRawSync(Uint8Array.of(STREAM, 1))));
  });

  it("is refused around control frames and around another packed frame", () => {
    for (const type of [1, 2, 9, 15, PACKED_TYPE, 17, 127]) {
      const frame = streamFrame(1_000);
      frame[0] = type;
      refused(encodePacked(frame));
    }
    refused(encodePacked(encodePacked(streamFrame(100_000))));
  });

  it("is refused with any one byte changed", () => {
    const packed = encodePacked(streamFrame(1_000));
    for (let byte = 1; byte < packed.length; byte++) {
      const damaged = packed.slice();
      damaged[byte]! ^= 1 + (byte % 255);
      refused(damaged);
    }
    for (let length = 1; length < packed.length; length++) refused(packed.subarray(0, length));
  });
});

describe("a session", () => {
  const write = async (count: number) => {
    const [a, b, c, relay] = [
      createNode(1),
      createNode(2),
      createNode(3, { ...FAST, packsFrames: false }),
      createNode(4),
    ];
    const home = await openHome(a);
    await openHome(b);
    await openHome(c);
    const [toB, toC]: [Uint8Array[], Uint8Array[]] = [[], []];
    join(a, relay);
    const sent = [toB, toC];
    for (const [index, node] of [b, c].entries()) {
      let isServer = true;
      join(node, relay, (transport) => {
        const wrapped = isServer ? spied(sent[index]!)(transport) : transport;
        isServer = false;
        return wrapped;
      });
    }
    await converged([a, b, c, relay]);
    for (let index = 0; index < count; index++) home.settings.set(`key${index}`, `value of key ${index}`);
    await converged([a, b, c, relay]);
    return { home, toB, toC, nodes: [a, b, c, relay], relay };
  };

  it("gets stream frames packed where both ends can, and plain where one cannot", async () => {
    const { toB, toC } = await write(200);
    const packed = toB.filter(isPacked);
    expect(packed.length).toBeGreaterThan(0);
    expect(toC.filter(isPacked)).toEqual([]);
    const plain = toC.filter((bytes) => bytes.length >= PACKED_FROM_BYTES);
    expect(packed.map(decodePacked)).toEqual(plain);
    const sum = (frames: readonly Uint8Array[]) => frames.reduce((bytes, frame) => bytes + frame.length, 0);
    expect(sum(plain) / sum(packed)).toBeGreaterThan(2);
  });

  it("gets answers packed, and those who come in one turn share the bytes", async () => {
    const { relay, nodes } = await write(500);
    const late = [createNode(5), createNode(6)];
    const sent: Uint8Array[][] = [[], []];
    for (const [index, node] of late.entries()) {
      await openHome(node);
      let isServer = true;
      join(node, relay, (transport) => {
        const wrapped = isServer ? spied(sent[index]!)(transport) : transport;
        isServer = false;
        return wrapped;
      });
    }
    await converged([...nodes, ...late]);
    const [first, second] = sent.map((frames) => frames.filter(isPacked));
    expect(first!.length).toBe(1);
    expect(decodePacked(first![0]!)[0]).toBe(5);
    expect(second![0]).toBe(first![0]);
  });

  it("ends over a packed frame that was not agreed on, and over a bomb", async () => {
    // Making the bomb takes a while: that must not look like silence.
    const timing = { heartbeatMs: 60_000, repairMs: 60, handshakeMs: 30_000 };
    const server = createNode(9, { timing });
    const good = createNode(8, { timing });
    const home = await openHome(good);
    const { client } = join(good, server);
    const bomb = encodeExtensionFrame(PACKED_TYPE, (writer) => {
      writer.varint(PACKED_PLAIN_BYTES_MAX);
      writer.append(deflateRawSync(new Uint8Array(64 * 1024 * 1024), { level: 1 }));
    });
    for (const [features, frame] of [
      [0, encodePacked(streamFrame(600))],
      [FEATURES.packed, bomb],
    ] as const) {
      const peer = connectScripted(server);
      peer.say(hello({ features }));
      await peer.hear("hello");
      peer.transport.send(frame);
      expect(await peer.hear("goodbye")).toMatchObject({ code: "protocol-error" });
    }
    home.visits.increment();
    await converged([good, server], "home", 60_000);
    expect(client.isOpen).toBe(true);
    await until("both are gone", () => server.hub.sessions.length === 1, 60_000);
    await pause(0);
  });
});
