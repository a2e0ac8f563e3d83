// The sum of what participants hold, and nothing else about it: Bonawitz et al., "Practical Secure Aggregation for
// Privacy-Preserving Machine Learning", CCS 2017, for participants that follow the protocol. Each adds a mask with every
// other that cancels in the sum, and one of its own; shares of both kinds of secrets bring back what is needed when some
// drop out. Whoever adds up sees masked words and the sum. It withstands any that look at all they get, fewer than the threshold
// together; not sides that send forged messages, name different groups to different participants, or sum up twice with one
// less: adverts and lists of who stayed must reach all unchanged. Costs: each stretches a mask for every other.
import { combine } from "shamir-secret-sharing";
import type { ModelKernels } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import { addWords, areEqual, maskOf, publicKeyOf, secretMark, sharedSecret, termsOf } from "./masking.ts";
import {
  type Advert,
  checkGroup,
  type MaskedTerms,
  pairLabel,
  pairPurpose,
  type RevealedShares,
  refuseSum,
  SECRET_BYTES,
  selfLabel,
} from "./secure-participant.ts";

/** An update as the integers that the exact mean adds, and the examples behind them. */
export function exactTerms(
  kernels: ModelKernels,
  update: Float32Array,
  examples: number,
  scale: number,
): Float64Array {
  const sum = kernels.createSum(update.length);
  try {
    sum.add([update], Float64Array.of(examples * scale));
    return Float64Array.of(...sum.read(), examples);
  } finally {
    sum.close();
  }
}

/** The mean of updates whose {@link exactTerms} sum up to `sums`. */
export function meanOfTerms(kernels: ModelKernels, sums: Float64Array, scale: number): Float32Array {
  const examples = sums.at(-1) ?? 0;
  const sum = kernels.createSum(Math.max(0, sums.length - 1));
  try {
    sum.fold(sums.slice(0, -1));
    return sum.divided(examples * scale);
  } finally {
    sum.close();
  }
}

/**
 * The sum of the terms of those who stayed. `group` are those the masks were made against. Errors: invalid-argument where
 * fewer than `threshold` have revealed their shares, and for lists that do not fit together; invalid-value where shares do
 * not bring back the secret they are of.
 */
export async function unmaskedSum(
  adverts: readonly Advert[],
  threshold: number,
  group: readonly string[],
  masked: readonly MaskedTerms[],
  revealed: readonly RevealedShares[],
): Promise<Float64Array> {
  const byId = checkGroup(adverts, threshold);
  const stayed = new Set(masked.map(({ from }) => from));
  const length = masked[0]?.words.length ?? 0;
  if (stayed.size !== masked.length || masked.some(({ words }) => words.length !== length)) {
    refuseSum("masked terms of unequal lengths, or two of one participant");
  }
  if (![...stayed, ...group].every((id) => byId.has(id) && group.includes(id))) {
    refuseSum("masked terms of somebody outside the group");
  }
  if (new Set(group).size !== group.length) refuseSum("a participant is named twice; name each once");
  const revealers = new Set(revealed.map(({ from }) => from)).size;
  if (revealers !== revealed.length) refuseSum("two reveals of one participant; leave both out");
  if (revealers < threshold) {
    refuseSum(
      `${revealed.length} participants have revealed their shares, ${threshold} must; the sum stays hidden`,
    );
  }
  const sum = new Uint32Array(length);
  for (const { words } of masked) addWords(sum, words, 1);
  for (const id of group) {
    if (stayed.has(id)) {
      const seed = await combined(sharesOf(revealed, threshold, ({ seeds }) => seeds.get(id)));
      if (seed === undefined || !areEqual(secretMark(seed), byId.get(id)!.seedMark)) refuseShares(id);
      addWords(sum, maskOf(seed, selfLabel, length), -1);
      continue;
    }
    const key = await combined(sharesOf(revealed, threshold, ({ keys }) => keys.get(id)));
    if (key === undefined || !areEqual(publicKeyOf(key), byId.get(id)!.maskKey)) refuseShares(id);
    for (const other of stayed) {
      const secret = sharedSecret(key, byId.get(other)!.maskKey, pairPurpose);
      addWords(sum, maskOf(secret, pairLabel(id, other), length), other < id ? -1 : 1);
    }
  }
  return termsOf(sum);
}

function sharesOf(
  revealed: readonly RevealedShares[],
  threshold: number,
  pick: (shares: RevealedShares) => Uint8Array | undefined,
): Uint8Array[] {
  const found = revealed.map(pick).filter((share) => share !== undefined);
  if (found.length < threshold) refuseSum(`${found.length} shares of a secret, ${threshold} bring it back`);
  return found.slice(0, threshold);
}

/** Undefined for shares of which at least one is none, or comes twice. */
async function combined(shares: Uint8Array[]): Promise<Uint8Array | undefined> {
  const secret = await combine(shares).catch(() => undefined);
  return secret?.length === SECRET_BYTES ? secret : undefined;
}

function refuseShares(of: string): never {
  throw new CrdtError(
    "invalid-value",
    `the shares of ${of} do not bring back its secret: one was changed; try those of others`,
  );
}
