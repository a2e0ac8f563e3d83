// How much of a document a replica has, as one number for people to compare.

/** Mutations a version vector covers. */
export function knownMutations(vector: Iterable<readonly [unknown, number]>): number {
  let known = 0;
  for (const [, sequence] of vector) known += sequence;
  return known;
}
