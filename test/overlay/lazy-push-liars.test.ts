// Peers of lazy push that announce what does not exist: what they bring about is bounded.
import { expect, it } from "vitest";
import type { ReplicaId } from "../../host/engine/engine.ts";
import { REPLICAS_MAX } from "../../host/limits.ts";
import { encodeExtensionFrame } from "../../host/net/extension.ts";
import { LazyPush } from "../../host/overlay/lazy-push/lazy-push.ts";
import {
  LAZY_PUSH_FEATURE,
  LAZY_PUSH_TYPES,
  writeHave,
} from "../../host/overlay/lazy-push/lazy-push-messages.ts";
import { PushTree } from "../../host/overlay/lazy-push/push-tree.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { createNode, openHome, until } from "../net/fleet.ts";
import { connectScripted, hello } from "../net/scripted-peer.ts";
import { idOf } from "./swim-world.ts";

async function joinedLiar() {
  const node = createNode(1);
  node.hub.extend(new LazyPush(node.host.platform));
  await openHome(node);
  const liar = connectScripted(node);
  liar.say(hello({ features: LAZY_PUSH_FEATURE }));
  await liar.hear("hello");
  liar.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
  await liar.hear("start");
  const subscriptions = (): number => liar.heard.filter(({ type }) => type === "subscribe").length;
  const lie = (type: number, write: Parameters<typeof encodeExtensionFrame>[1]) =>
    liar.transport.send(encodeExtensionFrame(type, write));
  /** Everything said so far was handled. */
  const handled = async (): Promise<void> => {
    const token = Math.floor(performance.now() * 1_000);
    liar.say({ type: "probe", index: 0, token, flags: 0 });
    await until("a report", () => liar.heard.some((one) => one.type === "report" && one.token === token));
  };
  return { node, lie, handled, subscriptions };
}

it("who says to have pushed what never came gets no vector for each time", async () => {
  const { node, lie, handled, subscriptions } = await joinedLiar();
  const before = subscriptions();
  for (let count = 1; count <= 200; count++) {
    const rows = [[idOf(1_000 + count), 1]] as const;
    lie(LAZY_PUSH_TYPES.have, (writer) => writeHave(writer, { index: 0, isPushed: true, rows }));
  }
  await handled();
  expect(subscriptions() - before).toBeGreaterThan(0);
  expect(subscriptions() - before).toBeLessThan(20);
  await node.replica.close();
});

it("who stops and starts again gets no vector for each time", async () => {
  const { node, lie, handled, subscriptions } = await joinedLiar();
  const before = subscriptions();
  for (let count = 1; count <= 200; count++) {
    lie(LAZY_PUSH_TYPES.prune, (writer) => writer.varint(0));
    lie(LAZY_PUSH_TYPES.graft, (writer) => writer.varint(0));
  }
  await handled();
  expect(subscriptions() - before).toBeGreaterThan(0);
  expect(subscriptions() - before).toBeLessThan(20);
  await node.replica.close();
});

it("no more is remembered of a peer's announcements than a document can know", () => {
  const tree = new PushTree<string>(() => 0);
  const nothing = new VersionVector();
  for (let id = 1; id <= REPLICAS_MAX + 1; id++) tree.announced("liar", [[idOf(id), 1]], nothing, 0);
  const known = { get: (id: ReplicaId) => (id === idOf(REPLICAS_MAX + 1) ? 0 : 1) } as VersionVector;
  tree.due(known, 0);
  expect(tree.isWanting).toBe(false);
});
