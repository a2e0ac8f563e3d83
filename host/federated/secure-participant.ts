// One side of a secure sum (secure-sum.ts says what it is and what it withstands). A participant serves for one sum: its keys
// may be put together by the others when it drops out, so the next sum takes a new one.
import { split } from "shamir-secret-sharing";
import { CrdtError } from "../errors.ts";
import { addWords, maskOf, publicKeyOf, seal, secretMark, sharedSecret, unseal, wordsOf } from "./masking.ts";
import { isParticipant } from "./update-record.ts";

/** What a participant tells everybody first. */
export interface Advert {
  readonly id: string;
  readonly maskKey: Uint8Array;
  readonly shareKey: Uint8Array;
  /** By which the seed is known when it is put together, and by nothing else. */
  readonly seedMark: Uint8Array;
}

/** Shares of a participant's secrets that one other can read. */
export interface SealedShares {
  readonly from: string;
  readonly to: string;
  readonly sealed: Uint8Array;
}

export interface MaskedTerms {
  readonly from: string;
  readonly words: Uint32Array;
}

/** What a participant gives away when it is known who stayed: of each other one share, never both. */
export interface RevealedShares {
  readonly from: string;
  /** Of those who stayed: of the seed of their own mask. */
  readonly seeds: ReadonlyMap<string, Uint8Array>;
  /** Of those who dropped out: of the key their masks with others come from. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
}

export const SECRET_BYTES = 32;
/** One byte numbers the shares. */
const PARTICIPANTS_MAX = 255;

export const selfLabel = "self";
export const pairPurpose = "secure sum mask";
const sharePurpose = "secure sum shares";

export function refuseSum(message: string): never {
  throw new CrdtError("invalid-argument", message);
}

/** Refuses groups that cannot sum; gives the adverts by id. */
export function checkGroup(adverts: readonly Advert[], threshold: number): Map<string, Advert> {
  const byId = new Map(adverts.map((advert) => [advert.id, advert]));
  if (byId.size !== adverts.length) refuseSum("two adverts of one participant; leave both out");
  if (adverts.length < 3 || adverts.length > PARTICIPANTS_MAX) {
    refuseSum(`${adverts.length} participants of a secure sum; give 3 to ${PARTICIPANTS_MAX}`);
  }
  const isMajority = Number.isSafeInteger(threshold) && threshold * 2 > adverts.length;
  if (!isMajority || threshold > adverts.length) {
    refuseSum(`a threshold of ${threshold} among ${adverts.length}; give more than half, at most all`);
  }
  for (const { id, maskKey, shareKey, seedMark } of adverts) {
    // Two of another form could come to one label, and so to one key for both directions.
    if (!isParticipant(id))
      refuseSum(`participant ${JSON.stringify(id)}: give 1 to 64 letters, digits, "_", "." and "-"`);
    if (
      ![maskKey, shareKey, seedMark].every(
        (bytes) => bytes instanceof Uint8Array && bytes.length === SECRET_BYTES,
      )
    )
      refuseSum(`the advert of ${id} holds something else than ${SECRET_BYTES} bytes each; leave it out`);
  }
  return byId;
}

export class SecureParticipant {
  readonly id: string;
  readonly #maskSecret: Uint8Array;
  readonly #shareSecret: Uint8Array;
  readonly #seed: Uint8Array;
  #adverts = new Map<string, Advert>();
  #threshold = 0;
  /** Shares of the others, seed and then key. */
  readonly #held = new Map<string, Uint8Array>();
  #isMasked = false;
  #isRevealed = false;

  /** `randomBytes` is the source of all secrets: a cryptographic one. */
  constructor(id: string, randomBytes: (count: number) => Uint8Array) {
    this.id = id;
    this.#maskSecret = randomBytes(SECRET_BYTES);
    this.#shareSecret = randomBytes(SECRET_BYTES);
    this.#seed = randomBytes(SECRET_BYTES);
  }

  get advert(): Advert {
    return {
      id: this.id,
      maskKey: publicKeyOf(this.#maskSecret),
      shareKey: publicKeyOf(this.#shareSecret),
      seedMark: secretMark(this.#seed),
    };
  }

  /**
   * Shares of this participant's secrets for all others: any `threshold` of them bring a secret back, fewer say nothing.
   * Errors: invalid-argument.
   */
  async share(adverts: readonly Advert[], threshold: number): Promise<SealedShares[]> {
    if (this.#adverts.size > 0) refuseSum(`${this.id} has shared its secrets; make another participant`);
    const byId = checkGroup(adverts, threshold);
    if (!byId.has(this.id)) refuseSum(`${this.id} is not among the adverts`);
    this.#adverts = byId;
    this.#threshold = threshold;
    const seeds = await split(this.#seed, adverts.length, threshold);
    const keys = await split(this.#maskSecret, adverts.length, threshold);
    return adverts.flatMap(({ id }, index) => {
      const both = Uint8Array.of(...seeds[index]!, ...keys[index]!);
      if (id !== this.id) return [{ from: this.id, to: id, sealed: seal(this.#keyFor(this.id, id), both) }];
      this.#held.set(id, both);
      return [];
    });
  }

  /** Keeps shares of another. Errors: invalid-argument for others' post, invalid-value for what was changed on its way. */
  receive({ from, to, sealed }: SealedShares): void {
    if (to !== this.id || from === this.id || !this.#adverts.has(from)) {
      refuseSum(`shares from ${from} to ${to}, this is ${this.id}`);
    }
    const both = unseal(this.#keyFor(from, this.id), sealed);
    if (both === undefined || both.length !== (SECRET_BYTES + 1) * 2) {
      throw new CrdtError(
        "invalid-value",
        `the shares from ${from} were changed on their way; ask for them again`,
      );
    }
    this.#held.set(from, both);
  }

  /**
   * The integers under masks against `group`, those whose shares everybody has. Errors: invalid-argument for a member whose
   * shares are not here, a group below the threshold, and a second call: two sums under one mask would show their difference.
   */
  mask(terms: Float64Array, group: readonly string[]): MaskedTerms {
    this.#checkNamed(group);
    if (this.#isMasked) refuseSum(`${this.id} has masked its terms; make another participant`);
    if (!terms.every(Number.isSafeInteger))
      refuseSum("a term is no integer within ±(2^53 − 1); round it first");
    this.#isMasked = true;
    const words = wordsOf(terms);
    addWords(words, maskOf(this.#seed, selfLabel, words.length), 1);
    for (const id of group) {
      if (id === this.id) continue;
      const secret = sharedSecret(this.#maskSecret, this.#adverts.get(id)!.maskKey, pairPurpose);
      addWords(words, maskOf(secret, pairLabel(this.id, id), words.length), this.id < id ? 1 : -1);
    }
    return { from: this.id, words };
  }

  /**
   * Gives away what takes the masks off, once: a second answer could complete both secrets of somebody. Errors:
   * invalid-argument, also where fewer stayed than the threshold: the sum of a few says much of each.
   */
  reveal(group: readonly string[], stayed: readonly string[]): RevealedShares {
    if (this.#isRevealed)
      refuseSum(`${this.id} has revealed its shares; a second time would uncover somebody`);
    this.#checkNamed(group);
    this.#checkNamed(stayed);
    if (!stayed.every((id) => group.includes(id))) refuseSum("somebody stayed who is outside the group");
    this.#isRevealed = true;
    const [seeds, keys] = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>()];
    for (const id of group) {
      const both = this.#held.get(id)!;
      if (stayed.includes(id)) seeds.set(id, both.slice(0, SECRET_BYTES + 1));
      else keys.set(id, both.slice(SECRET_BYTES + 1));
    }
    return { from: this.id, seeds, keys };
  }

  #checkNamed(ids: readonly string[]): void {
    const lacking = ids.find((id) => !this.#held.has(id));
    if (lacking !== undefined) refuseSum(`${this.id} has no shares of ${lacking}; leave it out of the group`);
    if (new Set(ids).size !== ids.length) refuseSum("a participant is named twice; name each once");
    if (ids.length < this.#threshold)
      refuseSum(
        `${ids.length} participants, the threshold is ${this.#threshold}; the sum would say too much`,
      );
  }

  /** A key for one direction: what is sealed there and back must not share a stream. */
  #keyFor(from: string, to: string): Uint8Array {
    const other = this.#adverts.get(from === this.id ? to : from)!;
    return sharedSecret(this.#shareSecret, other.shareKey, `${sharePurpose} ${from} ${to}`);
  }
}

/** Both sides of a pair come to the same label. */
export const pairLabel = (one: string, other: string): string =>
  one < other ? `${one} ${other}` : `${other} ${one}`;
