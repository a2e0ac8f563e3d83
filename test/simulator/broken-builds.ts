// Builds that are broken in one way each, put together from whole parts: an engine, a platform or a process that
// misbehaves. Every check of the simulator must notice one.

import { createBaselineEngine } from "../../host/engine/baseline/baseline-engine.ts";
import type { Engine, EngineDocument } from "../../host/engine/engine.ts";
import { CrdtError } from "../../host/errors.ts";
import type { Platform, PlatformStorage } from "../../host/platform/platform.ts";
import type { Transport } from "../../host/platform/transport.ts";

type Change = (document: EngineDocument, number: number) => Partial<EngineDocument>;

/** An engine whose documents differ from good ones in some calls. */
export function engineWith(change: Change): Engine {
  const engine = createBaselineEngine();
  let documents = 0;
  return {
    name: engine.name,
    createDocument: (options) => {
      const document = engine.createDocument(options);
      return Object.assign(document, change(document, documents++));
    },
    createVectorTable: (rows, columns) => engine.createVectorTable(rows, columns),
    createPointTable: (capacity) => engine.createPointTable(capacity),
    summarizeChunk: (bytes) => engine.summarizeChunk(bytes),
    models: () => engine.models(),
    statistics: () => engine.statistics(),
  };
}

export const gap = (): CrdtError => new CrdtError("gap", "the delta begins after what this replica has");

/** A platform whose storage differs in some calls. */
export function storageWith(change: (storage: PlatformStorage) => Partial<PlatformStorage>) {
  return (platform: Platform): Platform => ({
    ...boundTo(platform),
    openStorage: async (location) => {
      const storage = await platform.openStorage(location);
      const kept: PlatformStorage = {
        get: (key) => storage.get(key),
        write: (writes, flush) => storage.write(writes, flush),
        keys: (range) => storage.keys(range),
        entries: (range) => storage.entries(range),
        fingerprint: () => storage.fingerprint(),
        renewFingerprint: () => storage.renewFingerprint(),
        close: () => storage.close(),
      };
      return { ...kept, ...change(storage) };
    },
  });
}

/** A platform whose outgoing connections send what `send` sends. */
export function transportWith(send: (transport: Transport, bytes: Uint8Array) => void) {
  return (platform: Platform): Platform => ({
    ...boundTo(platform),
    connect: async (url) => {
      const transport = await platform.connect(url);
      return {
        peer: transport.peer,
        get bufferedBytes() {
          return transport.bufferedBytes;
        },
        send: (bytes) => send(transport, bytes),
        onMessage: (listener) => transport.onMessage(listener),
        onClose: (listener) => transport.onClose(listener),
        close: (code, reason) => transport.close(code, reason),
        terminate: () => transport.terminate(),
      };
    },
  });
}

const boundTo = (platform: Platform): Platform => ({
  name: platform.name,
  now: () => platform.now(),
  monotonicMs: () => platform.monotonicMs(),
  randomBytes: (count) => platform.randomBytes(count),
  setTimer: (callback, ms, options) => platform.setTimer(callback, ms, options),
  onTurnEnd: (callback) => platform.onTurnEnd(callback),
  connect: (url) => platform.connect(url),
  openStorage: (location) => platform.openStorage(location),
});
