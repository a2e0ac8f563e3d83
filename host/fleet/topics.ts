// What the files are about, as a graph: a vertex a file, a vertex a term that is most telling of some file
// (telling-terms.ts), an edge from each file to its terms. At most TELLING_TERMS_MAX edges and as many new vertices a file.
// An agent that reads a file anew replaces its edges; the coordinator removes files that are gone, and terms that no file
// has any more. Versions of a file that were read at the same time leave the edges of both until it is read anew.

import type { FleetDocument } from "./schema.ts";
import { tellingTerms } from "./telling-terms.ts";

const FILE = "file:";
const TERM = "term:";

export function fileVertex(path: string): string {
  return FILE + path;
}

export function termVertex(term: string): string {
  return TERM + term;
}

/** What a vertex stands for; undefined for one that is neither. */
export function readVertex(
  id: string,
): { readonly kind: "file" | "term"; readonly name: string } | undefined {
  if (id.startsWith(FILE)) return { kind: "file", name: id.slice(FILE.length) };
  return id.startsWith(TERM) ? { kind: "term", name: id.slice(TERM.length) } : undefined;
}

/** Puts a file with its telling terms in place of what is known of it. To be called in the reading's transaction. */
export function tellTopics(
  { topics }: FleetDocument,
  path: string,
  counts: ReadonlyMap<string, number>,
): void {
  const file = fileVertex(path);
  const told = tellingTerms(counts).map(termVertex);
  const isKnown = topics.hasVertex(file);
  const before = new Set(isKnown ? topics.neighbours(file) : []);
  for (const term of before) if (!told.includes(term)) topics.removeEdge(file, term);
  const vertices = [...(isKnown ? [] : [file]), ...told.filter((term) => !topics.hasVertex(term))];
  const edges = told.filter((term) => !before.has(term)).map((term) => ({ from: file, to: term }));
  topics.addMany({ vertices: vertices.map((id) => ({ id })), edges });
}

/** The coordinator's: removes a file that is gone, its edges with it. */
export function forgetTopics({ topics }: FleetDocument, path: string): void {
  const file = fileVertex(path);
  if (!topics.hasVertex(file)) return;
  for (const term of topics.neighbours(file)) topics.removeEdge(file, term);
  topics.removeVertex(file);
}

/** The coordinator's, when nobody reads: removes terms that no file has any more; returns how many. */
export function dropLonelyTerms(fleet: FleetDocument): number {
  const { topics } = fleet;
  const lonely = topics
    .vertices()
    .filter((id) => readVertex(id)?.kind === "term" && topics.degree(id, { direction: "in" }) === 0);
  fleet.transact(() => {
    for (const term of lonely) topics.removeVertex(term);
  });
  return lonely.length;
}
