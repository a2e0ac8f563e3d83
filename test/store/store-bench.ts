// What the store tests share: a store on a simulated disk and tally documents that live in it.
import type { ReplicaId } from "../../host/engine/engine.ts";
import type { DocumentCore } from "../../host/replica/document-core.ts";
import type { DocumentStore, StoredDocument, StoreEvent } from "../../host/replica/ports.ts";
import { openStore, type StoreOptions } from "../../host/store/index.ts";
import type { MemoryDisk, SimulatedPlatform } from "../platform/simulated-platform.ts";
import { type Causes, createTallyCore, TallyDocument } from "./tally-document.ts";

export interface OpenDocument {
  readonly core: DocumentCore;
  readonly document: TallyDocument;
  readonly stored: StoredDocument;
  write(number: number): void;
}

export interface OpenStore {
  readonly store: DocumentStore;
  readonly events: StoreEvent[];
  open(name: string): Promise<OpenDocument>;
}

/** Opens the store at "data" of `platform`, on `disk` if one is given. */
export async function openOn(
  platform: SimulatedPlatform,
  disk?: MemoryDisk,
  options: Partial<StoreOptions> & { causes?: Causes } = {},
): Promise<OpenStore> {
  if (disk !== undefined) platform.disks.set("data", disk);
  const store = await openStore({ platform, location: "data", durability: "buffered", ...options });
  const events: StoreEvent[] = [];
  store.onEvent((event) => events.push(event));
  return {
    store,
    events,
    async open(name) {
      const { core, document } = createTallyCore(name, store.replica, platform, options.causes);
      const stored = await store.load(name);
      for (const part of stored.parts) core.restore(part);
      core.engine.setClock(stored.clock);
      store.attach(core);
      const write = (number: number) => {
        document.write(number);
        core.mutated();
      };
      return { core, document, stored, write };
    },
  };
}

/** A peer that writes on its own and hands over complete deltas. */
export function createPeer(replica: string, causes: Causes = new Map()) {
  const document = new TallyDocument(replica as ReplicaId, causes);
  return {
    document,
    /** Writes `number` and merges everything `core` lacks into it. */
    send(core: DocumentCore, number: number) {
      document.write(number);
      core.merge(document.deltaSince(core.versionVector), "peer");
    },
  };
}

/** The records of a document, in their order. */
export const recordKeysOf = (disk: MemoryDisk): string[] =>
  disk.sortedKeys({ from: "record/", to: "record0" });
