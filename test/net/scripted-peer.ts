// A peer that says what the test wants, over a memory transport: for what no honest replica would do.
import type { ReplicaId } from "../../host/engine/engine.ts";
import { isExtensionType } from "../../host/net/extension.ts";
import { OWN_VERSIONS } from "../../host/net/handshake.ts";
import {
  decodeMessage,
  encodeMessage,
  type Hello,
  type Message,
  messageTypeOf,
} from "../../host/net/messages.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import type { Transport, TransportClose } from "../../host/platform/transport.ts";
import type { Node } from "./fleet.ts";
import { until } from "./fleet.ts";

type MessageOf<Type extends Message["type"]> = Each<Message, Type>;
type Each<Candidate, Type> = Candidate extends { readonly type: infer Types }
  ? Type extends Types
    ? Candidate
    : never
  : never;

export interface ScriptedPeer {
  readonly transport: Transport;
  /** Every frame that came, control frames decoded. */
  readonly heard: (Message | { readonly type: "stream" | "extension"; readonly bytes: Uint8Array })[];
  close: TransportClose | undefined;
  say(message: Message): void;
  /** The first message of a type, when it has come. */
  hear<Type extends Message["type"]>(type: Type): Promise<MessageOf<Type>>;
}

export const hello = (changes: Partial<Hello> = {}): Hello => ({
  type: "hello",
  ...OWN_VERSIONS,
  replica: "00000000000000aa" as ReplicaId,
  incarnation: "00000000000000bb" as ReplicaId,
  clockMs: Date.now(),
  features: 0,
  label: "scripted",
  ...changes,
});

/** Connects a scripted client to `node`. */
export function connectScripted(node: Node): ScriptedPeer {
  const [left, right] = createMemoryTransports((deliver) => setImmediate(deliver));
  node.hub.attach(right, "server");
  const peer: ScriptedPeer = {
    transport: left,
    heard: [],
    close: undefined,
    say: (message) => left.send(encodeMessage(message)),
    async hear(type) {
      const find = () => peer.heard.find((message) => message.type === type);
      await until(`a message "${type}"`, () => find() !== undefined, 2_000);
      return find() as never;
    },
  };
  left.onMessage((bytes) => {
    if (isExtensionType(bytes[0])) peer.heard.push({ type: "extension", bytes });
    else
      peer.heard.push(messageTypeOf(bytes) === "stream" ? { type: "stream", bytes } : decodeMessage(bytes));
  });
  left.onClose((close) => {
    peer.close = close;
  });
  return peer;
}
