// The other side of a comparison without a connection: an answering end whose frames go by hand, through their bytes.
import type { Extension, ExtensionPeer } from "../../../host/net/extension.ts";
import { FrameReader } from "../../../host/net/frame-reader.ts";
import { AnsweringEnd } from "../../../host/net/reconciliation/answering-end.ts";
import type { Ask } from "../../../host/net/reconciliation/comparison.ts";
import type { DocumentIndex } from "../../../host/net/reconciliation/document-index.ts";
import type { ItemTree } from "../../../host/net/reconciliation/item-tree.ts";
import { REQUEST_TYPE, readAnswer, writeRequest } from "../../../host/net/reconciliation/messages.ts";
import { ByteWriter } from "../../../host/wire/byte-writer.ts";

/** Bytes of both directions, without what every frame has. */
export interface Traffic {
  bytes: number;
}

export function answerFrom(tree: ItemTree, traffic: Traffic = { bytes: 0 }): Ask {
  let told: (bytes: Uint8Array) => void = () => {};
  const peer = {
    role: "server",
    visible: undefined,
    sendFrame(_type: number, write: (writer: ByteWriter) => void) {
      const writer = new ByteWriter();
      write(writer);
      told(writer.toBytes());
    },
  } as unknown as ExtensionPeer;
  const index = {
    ready: async () => {},
    refresh() {},
    view: () => ({ tree, close() {} }),
  } as unknown as DocumentIndex;
  const end: ReturnType<Extension["open"]> = new AnsweringEnd(peer, index);
  return async (request) => {
    const writer = new ByteWriter();
    writeRequest(writer, request);
    const asked = writer.toBytes();
    const answered = new Promise<Uint8Array>((resolve) => {
      told = resolve;
    });
    end.receive(REQUEST_TYPE, new FrameReader(asked));
    const answer = await answered;
    traffic.bytes += asked.length + answer.length;
    return readAnswer(new FrameReader(answer), request);
  };
}
