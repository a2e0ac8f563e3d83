// An application as somebody would write it, with what the tests call put on the window.

import { createReplica, type Document, loadEngine } from "jarvis-crdt";
import { Notes } from "./notes.ts";

let name = "";
let notes: Document<typeof Notes> | undefined;

function joined(): Document<typeof Notes> {
  if (notes === undefined) throw new Error("join first");
  return notes;
}

const application = {
  /** Joins the relay this page came from. */
  async join(ownName: string): Promise<void> {
    const replica = await createReplica({});
    name = ownName;
    notes = await replica.open("notes", Notes);
    await replica.connect(location.origin.replace("http", "ws"));
  },
  write(round: number): void {
    joined().count.increment(1);
    joined().texts.set(`${name} ${round}`, "written in a tab");
  },
  digest: (): string => joined().digest(),
  count: (): number => joined().count.value,
  /** Stores a text unless it is empty, and gives all that are stored. */
  async store(text: string): Promise<string[]> {
    const replica = await createReplica({ storage: "notes-test" });
    const document = await replica.open("notes", Notes);
    if (text !== "") document.texts.set(text, text);
    const texts = [...document.texts.keys()];
    await document.durable();
    await replica.close();
    return texts;
  },
  async engineName(): Promise<string> {
    return (await createReplica({})).engineName;
  },
  /** Starts the engine from a module of its own and writes through it. */
  async loadFrom(path: string): Promise<string> {
    const engine = await loadEngine({ wasm: new URL(path, location.href) });
    const replica = await createReplica({ engine });
    const document = await replica.open("notes", Notes);
    document.texts.set("a", "b");
    return document.texts.get("a") === "b" ? engine.name : "a write was lost";
  },
};

declare global {
  interface Window {
    application: typeof application;
  }
}

window.application = application;
