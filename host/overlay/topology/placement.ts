// Orders and choices that every member computes alike from the members' ids and a seed, and that change little when
// one comes or goes: rendezvous hashing (Thaler, Ravishankar 1998, https://doi.org/10.1109/90.663936). Pure.
import type { ReplicaId } from "../../wire/replica-id.ts";

/** 32 bits that look random, of a seed and an id (FNV-1a, then the finisher of MurmurHash3). */
export function placeOf(seed: number, id: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let place = 0; place < id.length; place++) hash = Math.imul(hash ^ id.charCodeAt(place), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** All `ids`, in the order that `seed` gives them. */
export function ordered(ids: readonly ReplicaId[], seed: number): ReplicaId[] {
  const places = ids.map((id) => ({ id, place: placeOf(seed, id) }));
  places.sort((left, right) => left.place - right.place || (left.id < right.id ? -1 : 1));
  return places.map(({ id }) => id);
}

/** The `count` of `ids` that `key` prefers; each key another few. */
export function preferred(ids: readonly ReplicaId[], count: number, seed: number, key: string): ReplicaId[] {
  const best: { readonly id: ReplicaId; readonly place: number }[] = [];
  const keySeed = placeOf(seed, key);
  for (const id of ids) {
    const place = placeOf(keySeed, id);
    const last = best.at(-1);
    if (best.length === count && last !== undefined && place >= last.place) continue;
    const at = best.findIndex((other) => place < other.place);
    best.splice(at < 0 ? best.length : at, 0, { id, place });
    if (best.length > count) best.pop();
  }
  return best.map(({ id }) => id);
}
