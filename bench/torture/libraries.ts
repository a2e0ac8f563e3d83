// The libraries under torture, each behind the same few calls; values are set natively, without an encoding of ours.
import type { Engine } from "../../host/engine/engine.ts";
import { type MapHandle, map, schema } from "../../host/index.ts";
import { openDocument as openTyped } from "../../host/replica/document.ts";
import { DocumentCore } from "../../host/replica/document-core.ts";
import { DocumentState } from "../../host/replica/document-state.ts";
import { loadContainers } from "../../host/replica/schema.ts";
import { openDocument, openEngine, platform, replicaOf } from "../engines.ts";
import type { Library, Subject } from "./subject.ts";

const Shape = schema({ map: map() });
const containers = await loadContainers(Shape.containers);
const owner = {
  platform,
  clockAhead: () => undefined,
  idTaken: () => undefined,
  writesRefused: (_core: DocumentCore, error: Error) => {
    throw error;
  },
};
const keeper = {
  durable: async () => undefined,
  release: async () => undefined,
  rewrite: async () => undefined,
};

class OwnSubject implements Subject {
  readonly #core: DocumentCore;
  readonly #map: MapHandle<Record<string, unknown>>;
  #update: Uint8Array = new Uint8Array(0);

  constructor(engine: Engine, replica: number) {
    this.#core = new DocumentCore("torture", openDocument(engine, replicaOf(replica)), owner);
    this.#map = openTyped<typeof Shape.containers>(new DocumentState(this.#core), keeper, containers)
      .map as MapHandle<Record<string, unknown>>;
    this.#core.onDelta(({ bytes, source }) => {
      if (source === "local") this.#update = bytes;
    });
  }
  set(key: string, value: unknown): void {
    this.#map.set(key, value as never);
  }
  get(key: string): unknown {
    return this.#map.get(key);
  }
  keys(): string[] {
    return [...this.#map.keys()];
  }
  take(): Uint8Array {
    this.#core.flushLocal();
    return this.#update;
  }
  apply(update: Uint8Array): void {
    this.#core.merge(update, "peer");
  }
  snapshot(): Uint8Array {
    return this.#core.engine.snapshot();
  }
}

async function ours(name: "baseline" | "wasm"): Promise<Library> {
  const engine = await openEngine(name);
  return {
    name,
    create: async (replica) => new OwnSubject(engine, replica),
    async load(snapshot, replica) {
      const subject = new OwnSubject(engine, replica);
      subject.apply(snapshot);
      return subject;
    },
  };
}

async function yjs(): Promise<Library> {
  const Y = await import("yjs");
  const create = async (replica: number): Promise<Subject> => {
    const doc = new Y.Doc();
    doc.clientID = replica;
    const values = doc.getMap("map");
    let updates: Uint8Array[] = [];
    let isApplying = false;
    doc.on("update", (update) => {
      if (!isApplying) updates.push(update);
    });
    return {
      set: (key, value) => values.set(key, value),
      get: (key) => values.get(key),
      keys: () => [...values.keys()],
      take() {
        const taken = Y.mergeUpdates(updates);
        updates = [];
        return taken;
      },
      apply(update) {
        isApplying = true;
        try {
          Y.applyUpdate(doc, update);
        } finally {
          isApplying = false;
        }
      },
      snapshot: () => Y.encodeStateAsUpdate(doc),
    };
  };
  return { name: "yjs", create, load: (snapshot, replica) => loaded(create, snapshot, replica) };
}

async function loro(): Promise<Library> {
  const { LoroDoc } = await import("loro-crdt");
  const create = async (replica: number): Promise<Subject> => {
    const doc = new LoroDoc();
    doc.setPeerId(BigInt(replica));
    const values = doc.getMap("map");
    let update: Uint8Array = new Uint8Array(0);
    doc.subscribeLocalUpdates((bytes) => {
      update = bytes;
    });
    return {
      set: (key, value) => values.set(key, value),
      get: (key) => values.get(key),
      keys: () => values.keys(),
      take() {
        doc.commit();
        return update;
      },
      apply: (bytes) => void doc.import(bytes),
      snapshot() {
        doc.commit();
        return doc.export({ mode: "snapshot" });
      },
    };
  };
  return { name: "loro-crdt", create, load: (snapshot, replica) => loaded(create, snapshot, replica) };
}

async function automerge(): Promise<Library> {
  const Automerge = await import("@automerge/automerge");
  interface Root {
    map: Record<string, unknown>;
  }
  const actorOf = (replica: number) => replica.toString(16).padStart(16, "0");
  const first = Automerge.from<Root>({ map: {} }, actorOf(65536));
  const subject = (opened: ReturnType<typeof Automerge.from<Root>>): Subject => {
    let doc = opened;
    return {
      set(key, value) {
        doc = Automerge.change(doc, (draft) => {
          draft.map[key] = value;
        });
      },
      get: (key) => (Object.hasOwn(doc.map, key) ? doc.map[key] : undefined),
      keys: () => Object.keys(doc.map),
      take: () => Automerge.getLastLocalChange(doc) ?? new Uint8Array(0),
      apply(update) {
        [doc] = Automerge.applyChanges(doc, [update]);
      },
      snapshot: () => Automerge.save(doc),
    };
  };
  return {
    name: "@automerge/automerge",
    create: async (replica) => subject(Automerge.clone(first, actorOf(replica))),
    load: async (snapshot, replica) => subject(Automerge.load<Root>(snapshot, actorOf(replica))),
  };
}

async function loaded(
  create: (replica: number) => Promise<Subject>,
  snapshot: Uint8Array,
  replica: number,
): Promise<Subject> {
  const subject = await create(replica);
  subject.apply(snapshot);
  return subject;
}

const openers: Readonly<Record<string, () => Promise<Library>>> = {
  baseline: () => ours("baseline"),
  wasm: () => ours("wasm"),
  yjs,
  "loro-crdt": loro,
  "@automerge/automerge": automerge,
};

export const libraryNames: readonly string[] = Object.keys(openers);

export function openLibrary(name: string): Promise<Library> {
  const open = openers[name];
  if (open === undefined) throw new Error(`no library "${name}"; there are ${libraryNames.join(", ")}`);
  return open();
}
