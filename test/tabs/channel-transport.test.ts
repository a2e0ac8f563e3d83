// The transport between two tabs: whole messages in order, a close that is told once, and bytes under way that are known
// although a channel does not say.
import { expect, it } from "vitest";
import type { TabChannel } from "../../host/platform/tab-world.ts";
import type { TransportClose } from "../../host/platform/transport.ts";
import { ChannelTransport } from "../../host/tabs/channel-transport.ts";

/** A joined pair whose messages wait until they are delivered. */
function createPair() {
  const waiting: { readonly to: 0 | 1; readonly message: unknown }[] = [];
  const isOpen = [true, true];
  const ended = [0, 0];
  const channelOf = (own: 0 | 1): TabChannel => ({
    post: (message) => waiting.push({ to: own === 0 ? 1 : 0, message: structuredClone(message) }),
    onMessage() {},
    close() {
      isOpen[own] = false;
    },
  });
  const transports = ([0, 1] as const).map(
    (own) => new ChannelTransport(channelOf(own), "peer", () => ended[own]!++),
  );
  const deliver = () => {
    for (const { to, message } of waiting.splice(0)) if (isOpen[to]) transports[to]!.receive(message);
  };
  return { left: transports[0]!, right: transports[1]!, waiting, deliver, ended };
}

it("carries messages in order, those before there was a listener too, without the buffer behind a view", () => {
  const { left, right, waiting, deliver } = createPair();
  const buffer = new Uint8Array(1_000_000);
  buffer[500] = 7;
  left.send(buffer.subarray(500, 501));
  expect((waiting[0]!.message as { bytes: Uint8Array }).bytes.buffer.byteLength).toBe(1);
  left.send(Uint8Array.of(8));
  deliver();
  const heard: number[] = [];
  right.onMessage((bytes) => heard.push(bytes[0]!));
  left.send(Uint8Array.of(9));
  deliver();
  expect(heard).toEqual([7, 8, 9]);
});

it("knows what is under way: it grows while nobody reads, and falls when somebody does", () => {
  const { left, right, deliver } = createPair();
  right.onMessage(() => {});
  for (let count = 0; count < 10; count++) left.send(new Uint8Array(60_000));
  expect(left.bufferedBytes).toBe(600_000);
  deliver();
  deliver();
  expect(left.bufferedBytes).toBeLessThan(65_536);
  left.close();
  expect(left.bufferedBytes).toBe(0);
});

it("tells both sides of a close once, after what was sent before it, and is silent then", () => {
  const { left, right, waiting, deliver, ended } = createPair();
  const [closes, heard] = [[] as TransportClose[], [] as number[]];
  left.onClose((close) => closes.push(close));
  right.onClose((close) => closes.push(close));
  right.onMessage((bytes) => heard.push(bytes[0]!));
  left.send(Uint8Array.of(1));
  left.close(1002, "why");
  left.terminate();
  deliver();
  right.send(Uint8Array.of(2));
  right.close();
  expect([closes, heard, waiting.length, ended]).toEqual([
    [
      { code: 1002, reason: "why" },
      { code: 1002, reason: "why" },
    ],
    [1],
    0,
    [1, 1],
  ]);
});

it("passes over what is no message of a transport", () => {
  const { left } = createPair();
  left.onMessage(() => expect.unreachable());
  for (const message of [
    undefined,
    7,
    {},
    { kind: "open" },
    { kind: "bytes", bytes: "text" },
    { kind: "close" },
  ]) {
    expect(left.receive(message)).toBe(false);
  }
});
