// Extensions of the protocol: agreed on at the handshake, spoken only where both ends have them, ended with the
// connection, and as strict about damaged frames as the rest.
import { expect, it } from "vitest";
import { type Extension, type ExtensionPeer, encodeExtensionFrame } from "../../host/net/extension.ts";
import { converged, createNode, join, openHome, until } from "./fleet.ts";
import { connectScripted, hello } from "./scripted-peer.ts";

const FEATURE = 1 << 30;
const TYPE = 0x7f;

interface Heard {
  readonly values: number[];
  readonly peers: ExtensionPeer[];
  closed: number;
}

function countingExtension(): { readonly extension: Extension; readonly heard: Heard } {
  const heard: Heard = { values: [], peers: [], closed: 0 };
  const extension: Extension = {
    feature: FEATURE,
    types: [TYPE],
    open(peer) {
      heard.peers.push(peer);
      return {
        receive(_type, reader) {
          heard.values.push(reader.varint());
          reader.done();
        },
        close() {
          heard.closed++;
        },
      };
    },
  };
  return { extension, heard };
}

it("speaks where both ends have it, and closes with the connection", async () => {
  const [client, server] = [createNode(1), createNode(2)];
  const [left, right] = [countingExtension(), countingExtension()];
  client.hub.extend(left.extension);
  server.hub.extend(right.extension);
  const joined = join(client, server);
  await until("both have opened it", () => left.heard.peers.length + right.heard.peers.length === 2);
  left.heard.peers[0]!.sendFrame(TYPE, (writer) => writer.varint(300));
  await until("it arrives", () => right.heard.values.length === 1);
  expect(right.heard.values).toEqual([300]);
  joined.cut();
  await until("both are closed", () => left.heard.closed === 1 && right.heard.closed === 1);
});

it("is silent towards a peer without it, and documents flow all the same", async () => {
  const [client, server] = [createNode(1), createNode(2)];
  const { extension, heard } = countingExtension();
  client.hub.extend(extension);
  const home = await openHome(client);
  await openHome(server);
  join(client, server);
  home.visits.increment();
  await converged([client, server]);
  expect(heard.peers).toEqual([]);
});

it("ends the connection over a frame nobody agreed on, and over a damaged one", async () => {
  const server = createNode(2);
  const { extension, heard } = countingExtension();
  server.hub.extend(extension);
  const frame = encodeExtensionFrame(TYPE, (writer) => writer.varint(7));
  const stranger = connectScripted(server);
  stranger.say(hello());
  await stranger.hear("hello");
  stranger.transport.send(frame);
  expect(await stranger.hear("goodbye")).toMatchObject({ code: "protocol-error" });
  for (let byte = 1; byte < frame.length; byte++) {
    const peer = connectScripted(server);
    peer.say(hello({ features: FEATURE }));
    await peer.hear("hello");
    const damaged = frame.slice();
    damaged[byte]! ^= 1;
    peer.transport.send(damaged);
    expect(await peer.hear("goodbye")).toMatchObject({ code: "protocol-error" });
  }
  expect(heard.values).toEqual([]);
});
