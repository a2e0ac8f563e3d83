// This package: a relay, replicas, and a reader that speaks the protocol (docs/protocol.md) as far as to follow the
// stream of one document, acknowledge it and answer questions, without an engine.

import type { WebSocket } from "ws";
import { createReplica, type EngineChoice, map, schema } from "../../host/index.ts";
import type { Definition } from "../../host/net/dictionary.ts";
import {
  ACK_FLAGS,
  type AckRow,
  decodeMessage,
  encodeMessage,
  messageTypeOf,
  STREAM_OF_ONE,
} from "../../host/net/messages.ts";
import { platform } from "../../host/platform/node.ts";
import { serve } from "../../host/relay.ts";
import { hostOf } from "../../host/replica/replica.ts";
import { replicaIdFromRandomBytes } from "../../host/wire/replica-id.ts";
import { type ByteCursor, readVarint } from "../../host/wire/varint.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { CountingReader, openSocket, tailOf } from "./reading.ts";
import type { Client, RelayHandle, System } from "./system.ts";

const Shared = schema({ data: map<{ [key: string]: string }>() });
const ACKNOWLEDGE_MS = 25;
const DOCUMENT = "fan-out";

/** Soon enough to be watched; sixty seconds are usual. */
const IDLE_DOCUMENT_MS = 200;

export const ours: System = {
  name: "jarvis-crdt",
  serve: (port, storage) => startRelay(port, storage, true),
  join: (url, document) => join(url, document, "wasm"),
  /** An instance of the WebAssembly engine reserves address space a thousand times over. */
  joinCrowd: (url, document) => join(url, document, "baseline"),
  async touch(url, from, count) {
    const replica = await createReplica();
    const connection = await replica.connect(url);
    for (let index = from; index < from + count; index += 1) {
      const { data } = await replica.open(`document-${index}`, Shared);
      data.set("key", "12345678");
    }
    await connection.synced();
    await replica.close();
  },
  async read(url, document) {
    const reader = new StreamReader(await openSocket(url));
    await reader.follow(document);
    return reader;
  },
};

/** A relay that says it cannot unpack: nobody packs for it, nor it for anybody. */
export const unpacked: System = {
  ...ours,
  name: "jarvis-crdt without packing",
  serve: (port, storage) => startRelay(port, storage, false),
};

async function startRelay(
  port: number,
  storage: string | undefined,
  packsFrames: boolean,
): Promise<RelayHandle> {
  const replica = await createReplica(storage === undefined ? {} : { storage });
  const relay = await serve(replica, { port, idleDocumentMs: IDLE_DOCUMENT_MS, packsFrames });
  return {
    server: relay.server,
    document: DOCUMENT,
    openDocuments: () => [...hostOf(replica).documents()].length,
    onJoined: (listener) => {
      relay.onEvent(({ kind }) => {
        if (kind === "joined") listener();
      });
    },
  };
}

async function join(url: string, document: string, engine: EngineChoice): Promise<Client> {
  const replica = await createReplica({ engine });
  const shared = await replica.open(document, Shared);
  let connection = await replica.connect(url);
  await connection.synced();
  return {
    write: (key, value) => {
      shared.data.set(key, value);
    },
    fill: (entries) => {
      shared.data.setMany(entries);
    },
    get: (key) => shared.data.get(key),
    get size() {
      return shared.data.size;
    },
    onRemote: (listener) => {
      shared.subscribe((change) => {
        if (change.origin === "remote") listener();
      });
    },
    synced: () => connection.synced(),
    disconnect: () => connection.close(),
    async reconnect() {
      connection = await replica.connect(url);
    },
  };
}

/** Follows one document's stream. Sequences are kept by slot of the sender's dictionary. */
class StreamReader extends CountingReader {
  readonly #socket: WebSocket;
  readonly #bases: number[] = [];
  readonly #sequences: number[] = [];
  readonly #ids: string[] = [];
  readonly #vector = new VersionVector();
  readonly #changed = new Set<number>();
  #expected = 0;

  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
  }

  follow(document: string): Promise<void> {
    const random = () => replicaIdFromRandomBytes(platform.randomBytes(8));
    const hello = {
      type: "hello",
      versionMin: 1,
      versionMax: 1,
      replica: random(),
      incarnation: random(),
    } as const;
    this.#socket.send(encodeMessage({ ...hello, clockMs: platform.now(), features: 0, label: "reader" }));
    this.#socket.send(
      encodeMessage({ type: "subscribe", index: 0, name: document, vector: new VersionVector() }),
    );
    setInterval(() => this.#acknowledge(), ACKNOWLEDGE_MS);
    return new Promise((started) =>
      this.#socket.on("message", (bytes: Buffer) => this.#receive(bytes, started)),
    );
  }

  #receive(bytes: Buffer, started: () => void): void {
    if (messageTypeOf(bytes) === "stream") {
      this.#stream(bytes);
      return;
    }
    const message = decodeMessage(bytes);
    switch (message.type) {
      case "start":
        this.#expected = message.number;
        this.#vector.merge(message.vector);
        this.#define(message.definitions);
        started();
        break;
      case "dictionary":
        this.#take(message.number);
        this.#define(message.definitions);
        break;
      case "probe":
        this.#report(message.token);
        break;
      case "ping":
        this.#socket.send(encodeMessage({ type: "pong", token: message.token }));
        break;
      case "goodbye":
        throw new Error(message.explanation);
    }
  }

  #take(number: number): void {
    if (number !== this.#expected) throw new Error(`frame ${number} where ${this.#expected} was expected`);
    this.#expected = (number + 1) % 256;
  }

  #define(definitions: readonly Definition[]): void {
    for (const definition of definitions) {
      if (definition.kind !== "replica") continue;
      this.#ids[definition.slot] = definition.id;
      this.#bases[definition.slot] = definition.baseSequence;
    }
  }

  #stream(bytes: Buffer): void {
    const cursor: ByteCursor = { bytes, offset: 1 };
    readVarint(cursor);
    this.#take(bytes[cursor.offset]!);
    cursor.offset += 1;
    if (bytes[0]! >= STREAM_OF_ONE) {
      this.#count(cursor, bytes[0]! - STREAM_OF_ONE, bytes.length);
      return;
    }
    while (cursor.offset < bytes.length) {
      const length = readVarint(cursor);
      const shape = bytes[cursor.offset]!;
      cursor.offset += 1;
      const end = cursor.offset + length;
      this.#count(cursor, shape, end);
      cursor.offset = end;
    }
  }

  #count(cursor: ByteCursor, shape: number, end: number): void {
    this.updates += 1;
    this.sum = (this.sum + tailOf(cursor.bytes, end)) | 0;
    if ((shape & 17) !== 1) return;
    const slot = readVarint(cursor);
    const base = this.#bases[slot]! + readVarint(cursor);
    this.#sequences[slot] = base + ((shape & 2) !== 0 ? 1 : readVarint(cursor));
    this.#changed.add(slot);
  }

  #acknowledge(): void {
    if (this.#changed.size === 0) return;
    const rows: AckRow[] = [];
    for (const slot of this.#changed) {
      const sequence = this.#sequences[slot]!;
      rows.push({ replica: this.#ids[slot]!, sequence } as AckRow);
      this.#vector.advance(this.#ids[slot] as never, sequence);
    }
    this.#changed.clear();
    const ack = {
      index: 0,
      flags: ACK_FLAGS.inStream,
      number: 0,
      leftOut: 0,
      expected: this.#expected,
      rows,
    };
    this.#socket.send(encodeMessage({ type: "ack", ...ack }));
  }

  #report(token: number): void {
    this.#acknowledge();
    this.#socket.send(encodeMessage({ type: "report", index: 0, token, flags: 0, vector: this.#vector }));
  }
}
