// A 32-bit hash that spreads decisions evenly and equally on every replica: FNV-1a with the last steps of MurmurHash3.
// Nobody's safety rests on it.

export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** One of `names` for `key`, the same wherever the names are the same; few keys move when a name comes or goes. */
export function chooseFor(key: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestHash = -1;
  for (const name of names) {
    const hash = hash32(`${key} ${name}`);
    if (hash < bestHash || (hash === bestHash && best !== undefined && name > best)) continue;
    best = name;
    bestHash = hash;
  }
  return best;
}
