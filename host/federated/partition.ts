// Examples dealt out to participants, for experiments: evenly by chance, or skewed as Hsu et al. (2019) do it, where every
// class is dealt out in shares of a Dirichlet distribution: the smaller alpha, the fewer classes a participant sees.
import { CrdtError } from "../errors.ts";
import type { Examples } from "./network.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Places of examples per participant, ascending; each has one example at least. `alpha` undefined: evenly. Errors: invalid-argument. */
export function dealOut(
  labels: Uint8Array,
  participants: number,
  alpha: number | undefined,
  random: SeededRandom,
): Uint32Array[] {
  const isCount = Number.isSafeInteger(participants) && participants >= 1 && participants <= labels.length;
  if (!isCount || (alpha !== undefined && !(alpha > 0 && Number.isFinite(alpha)))) {
    throw new CrdtError(
      "invalid-argument",
      `${labels.length} examples for ${participants} participants at alpha ${alpha}; give each one at least, and an alpha above 0`,
    );
  }
  const hands: number[][] = Array.from({ length: participants }, () => []);
  if (alpha === undefined) {
    const order = random.shuffle(Uint32Array.from(labels, (_, index) => index));
    for (const [index, place] of order.entries()) hands[index % participants]!.push(place);
  } else {
    for (let label = 0; label < 256; label++) dealClass(hands, placesOf(labels, label), alpha, random);
    fillEmpty(hands);
  }
  return hands.map((hand) => Uint32Array.from(hand).sort());
}

function placesOf(labels: Uint8Array, label: number): Uint32Array {
  return Uint32Array.from([...labels.keys()].filter((place) => labels[place] === label));
}

function dealClass(hands: number[][], places: Uint32Array, alpha: number, random: SeededRandom): void {
  if (places.length === 0) return;
  random.shuffle(places);
  const shares = hands.map(() => random.gamma(alpha));
  const total = shares.reduce((sum, share) => sum + share, 0);
  let [begin, reached] = [0, 0];
  for (const [index, hand] of hands.entries()) {
    reached += shares[index]!;
    const isLast = index === hands.length - 1;
    const end = isLast
      ? places.length
      : Math.min(places.length, Math.round((reached / total) * places.length));
    for (; begin < end; begin++) hand.push(places[begin]!);
  }
}

/** Who got nothing takes one from who has most. */
function fillEmpty(hands: number[][]): void {
  for (const hand of hands) {
    if (hand.length > 0) continue;
    const richest = hands.reduce((most, other) => (other.length > most.length ? other : most));
    hand.push(richest.pop()!);
  }
}

/** Copies of the examples at `places`. */
export function examplesAt({ features, labels }: Examples, places: Uint32Array): Examples {
  const width = labels.length === 0 ? 0 : features.length / labels.length;
  const chosen = new Float32Array(places.length * width);
  for (const [index, place] of places.entries()) {
    chosen.set(features.subarray(place * width, (place + 1) * width), index * width);
  }
  return { features: chosen, labels: Uint8Array.from(places, (place) => labels[place]!) };
}
