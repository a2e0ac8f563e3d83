// What the test of tabs runs inside each page.
import { counter, type Document, map, schema } from "jarvis-crdt";
import { openTabReplica, type TabReplica } from "jarvis-crdt/tabs";

const Notes = schema({ count: counter(), texts: map<Record<string, string>>() });

let replica: TabReplica | undefined;
let notes: Document<typeof Notes> | undefined;

const joined = () => {
  if (replica === undefined || notes === undefined) throw new Error("join first");
  return { replica, notes };
};

const page = {
  /** Joins the other tabs; gives what the document holds then. */
  async join(url: string): Promise<string[]> {
    replica = await openTabReplica({ storage: "tabs-test", url });
    notes = await replica.open("notes", Notes);
    return [...notes.texts.keys()].sort();
  },
  write(key: string): void {
    joined().notes.texts.set(key, "written");
  },
  durable: (): Promise<void> => joined().notes.durable(),
  keys: (): string[] => [...joined().notes.texts.keys()].sort(),
  digest: (): string => joined().notes.digest(),
  isLeader: (): boolean => joined().replica.isLeader,
  relay: (): string | undefined => joined().replica.relay,
  close: (): Promise<void> => joined().replica.close(),
  /** Writes keys with texts of so many characters, and resolves when they are stored. */
  async writeLarge(count: number, characters: number): Promise<void> {
    const { notes } = joined();
    for (let index = 0; index < count; index++) notes.texts.set(`large ${index}`, "x".repeat(characters));
    await notes.durable();
  },
  /** Holders of the lock of the storage. */
  async storageHolders(): Promise<number> {
    const { held = [] } = await navigator.locks.query();
    return held.filter(({ name }) => name === "jarvis-crdt:tabs-test").length;
  },
};

export type TabsPage = typeof page;

Reflect.set(globalThis, "tabsPage", page);
