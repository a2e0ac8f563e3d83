// The keys of a graph touched since the last change event, and what they name.

import type { GraphChange } from "../change.ts";
import { TouchedKeys } from "../container-handle.ts";
import { latin1Image } from "../entries-export.ts";
import { type GraphEdge, type GraphKeySink, readGraphKey } from "./graph-keys.ts";

/** An attribute by the vertex or edge that has it. */
export type AttributePlace =
  | { readonly vertex: string; readonly name: string }
  | { readonly edge: GraphEdge; readonly name: string };

export class GraphChanges {
  readonly #touched = new TouchedKeys<string>();

  touch(key: Uint8Array, isPresent: boolean, wasPresent: boolean | undefined): void {
    this.#touched.touch(latin1Image(key), isPresent, wasPresent);
  }

  /** Undefined when nothing readable remains; forgets all. */
  take(): Pick<GraphChange, "vertices" | "edges" | "attributes"> | undefined {
    const vertices = { added: [] as string[], removed: [] as string[] };
    const edges = { added: [] as GraphEdge[], removed: [] as GraphEdge[] };
    const attributes: AttributePlace[] = [];
    const sink: GraphKeySink = {
      vertex: (id, isPresent) => (isPresent ? vertices.added : vertices.removed).push(id),
      edge: (from, to, label, directed, isPresent) =>
        (isPresent ? edges.added : edges.removed).push({ from, to, label, directed }),
      attribute: (target, name) => {
        readGraphKey(target, 0, target.length, true, {
          vertex: (vertex) => attributes.push({ vertex, name }),
          edge: (from, to, label, directed) => attributes.push({ edge: { from, to, label, directed }, name }),
          attribute: () => {},
        });
      },
    };
    const { present, absent } = this.#touched.take();
    for (const { key, wasPresent } of present) {
      const bytes = imageBytes(key);
      if (wasPresent !== true) readGraphKey(bytes, 0, bytes.length, true, sink);
    }
    for (const key of absent) readGraphKey(imageBytes(key), 0, key.length, false, sink);
    const lists = [vertices.added, vertices.removed, edges.added, edges.removed, attributes];
    return lists.every((list) => list.length === 0) ? undefined : { vertices, edges, attributes };
  }
}

function imageBytes(image: string): Uint8Array {
  return Uint8Array.from(image, (character) => character.charCodeAt(0));
}
