// Model averaging over a replicated document: participants put their updates of a round into it, somebody closes the round,
// and every replica computes the next model from the updates that the closing record names, to the last bit the same one
// (McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data", 2017). Leaves out training:
// an update is an array of f32. Costs: a round costs one pass over its updates; reading a round's view one over its records.
import type { Engine, ModelKernels } from "../engine/engine.ts";
import { loadEngine } from "../engine/load-engine.ts";
import { CrdtError } from "../errors.ts";
import { MODEL_ROWS_MAX } from "../limits.ts";
import type { Document } from "../replica/document.ts";
import type { Replica } from "../replica/replica.ts";
import type { Value } from "../wire/value.ts";
import { aggregate } from "./aggregation.ts";
import { chosenClosing, compareRecords, equivocators, type RoundView, viewRound } from "./round-view.ts";
import { initialState, momentsOf, nextState, type ServerState, updateLengthOf } from "./server-optimizer.ts";
import {
  checkSettings,
  type FederationOptions,
  type FederationSettings,
  isExamples,
  settingsOf,
} from "./settings.ts";
import { encodeUpdate, floatBytes, floatsOf, type UpdateEncoding } from "./update-codec.ts";
import {
  type ClosingRecord,
  closingKey,
  FederationSchema,
  isParticipant,
  readCheckpoint,
  readClosing,
  readSettings,
  readUpdate,
  stateDigest,
  type UpdateHead,
  type UpdateRecord,
  updateDigest,
  updateKey,
} from "./update-record.ts";
import { faultOf, UpdateStore } from "./update-store.ts";

type FederationDocument = Document<typeof FederationSchema>;

export interface ParticipantOptions {
  /** Who contributes: letters, digits, "_", "." and "-", 64 at most; without one, the replica's id. */
  readonly participant?: string;
  /** What computes; without one, the engine of this process. */
  readonly engine?: Engine;
}

export interface ContributeOptions {
  readonly encoding?: UpdateEncoding;
  /** Words of chance for rounding to integers; each call gives so many fresh ones. */
  readonly randomWords?: (count: number) => Uint32Array;
}

/** Rounds whose models are kept: a quorum's closing record that loses takes back the rounds after it. */
const KEPT_ROUNDS = 8;

interface Computed {
  readonly round: number;
  readonly state: ServerState;
  readonly digest: string;
  /** The updates its closing record names; undefined where it came as a checkpoint. */
  readonly closing: string | undefined;
}

/** Starts a federation in the document `name`. Errors: invalid-argument, limit-exceeded, invalid-value. */
export async function createFederation(
  replica: Replica,
  name: string,
  model: Float32Array,
  options: Omit<FederationOptions, "parameters"> & ParticipantOptions = {},
): Promise<Federation> {
  const { participant = replica.id, engine, ...given } = options;
  const settings = settingsOf({ ...given, parameters: model.length });
  if (!model.every(Number.isFinite)) {
    throw new CrdtError("invalid-value", "the model holds a number that is not finite; start from another");
  }
  const document = await replica.open(name, FederationSchema);
  if (document.settings.get() !== undefined) {
    throw new CrdtError("invalid-argument", `document "${name}" holds a federation already; join it`);
  }
  const kernels = await kernelsOf(engine);
  const federation = new Federation(document, kernels, settings, participant, participant);
  document.transact(() => {
    document.settings.set({ ...settings, creator: participant } as unknown as Value);
    federation.writeCheckpoint(0, initialState(settings.optimizer, model));
  });
  return federation;
}

/** Joins the federation in the document `name`, which has been synced. Errors: invalid-argument. */
export async function joinFederation(
  replica: Replica,
  name: string,
  { participant = replica.id, engine }: ParticipantOptions = {},
): Promise<Federation> {
  const document = await replica.open(name, FederationSchema);
  const found = readSettings(document.settings.get());
  if (found === undefined) {
    await document.close();
    throw new CrdtError(
      "invalid-argument",
      `document "${name}" holds no federation here; sync it, or create one`,
    );
  }
  try {
    checkSettings(found.settings);
    return new Federation(document, await kernelsOf(engine), found.settings, found.creator, participant);
  } catch (error) {
    await document.close();
    throw error;
  }
}

const kernelsOf = async (engine: Engine | undefined): Promise<ModelKernels> =>
  (engine ?? (await loadEngine())).models();

export class Federation {
  readonly document: FederationDocument;
  readonly settings: FederationSettings;
  readonly creator: string;
  readonly participant: string;
  readonly #kernels: ModelKernels;
  readonly #store: UpdateStore;
  /** The last rounds, ascending. */
  #computed: Computed[] = [];

  /** Use {@link createFederation} or {@link joinFederation}. */
  constructor(
    document: FederationDocument,
    kernels: ModelKernels,
    settings: FederationSettings,
    creator: string,
    participant: string,
  ) {
    if (!isParticipant(participant)) {
      throw new CrdtError(
        "invalid-argument",
        `participant ${JSON.stringify(participant)}: give 1 to 64 letters, digits, "_", "." and "-"`,
      );
    }
    this.document = document;
    this.settings = settings;
    this.creator = creator;
    this.participant = participant;
    this.#kernels = kernels;
    this.#store = new UpdateStore(document, kernels, this.updateLength, settings);
  }

  /** Numbers an update has: of SCAFFOLD twice those of the model. */
  get updateLength(): number {
    return updateLengthOf(this.settings.optimizer, this.settings.parameters);
  }

  /** The round that is open: the first one whose model is not known here. 0 where not even the first model has come. */
  get round(): number {
    return (this.#advance()?.round ?? -1) + 1;
  }

  /** The model the open round starts from. Errors: invalid-argument where it has not come yet. */
  get model(): Float32Array {
    return this.#current().state.model.slice();
  }

  /** The server's correction, for SCAFFOLD; of another optimiser its momentum. */
  get correction(): Float32Array {
    return this.#current().state.first.slice();
  }

  /** 64 hexadecimal digits over model and moments: equal on every replica that knows the same round. */
  get modelDigest(): string {
    return this.#current().digest;
  }

  /**
   * Puts this participant's update of the open round into the document; gives its digest. Errors: invalid-argument for another
   * length, for examples that are no count, or where this participant gave a different update already; invalid-value for
   * NaN and infinities; limit-exceeded for a magnitude or norm beyond the settings.
   */
  contribute(
    update: Float32Array,
    examples: number,
    { encoding = "f32", randomWords }: ContributeOptions = {},
  ): string {
    const { round, digest: base } = this.#current();
    this.#checkUpdate(update, examples);
    if (encoding !== "f32" && randomWords === undefined) {
      throw new CrdtError("invalid-argument", `encoding ${encoding} rounds by chance; give randomWords`);
    }
    const payload = encodeUpdate(
      this.#kernels,
      update,
      encoding,
      randomWords ?? ((count) => new Uint32Array(count)),
    );
    const head: UpdateHead = { round: round + 1, participant: this.participant, examples, encoding, base };
    const record = { ...head, digest: updateDigest(head, payload), bytes: payload.length };
    const other = this.#records(record.round).find(
      ({ participant, digest }) => participant === this.participant && digest !== record.digest,
    );
    if (other !== undefined) {
      throw new CrdtError(
        "invalid-argument",
        `${this.participant} gave update ${other.digest} for round ${record.round}; a second one would exclude both`,
      );
    }
    this.document.transact(() => {
      this.#store.write(record.digest, payload);
      this.document.updates.set(updateKey(record), { examples, encoding, base, bytes: payload.length });
    });
    return record.digest;
  }

  /** What is known of a round; without a number, of the open one. */
  view(round: number = this.round): RoundView {
    this.#advance();
    const base = this.#computed.find((computed) => computed.round === round - 1)?.digest;
    return viewRound(round, this.#records(round), this.#closings().get(round), base, (record) =>
      this.#store.judge(record),
    );
  }

  /** Records in the document that are none: nobody's updates, closings or checkpoints. */
  get malformedRecords(): number {
    const { updates, closings, checkpoints } = this.document;
    let count = 0;
    for (const [key, value] of updates) if (readUpdate(key, value, this.updateLength) === undefined) count++;
    for (const [key, value] of closings) if (readClosing(key, value) === undefined) count++;
    for (const [key, value] of checkpoints)
      if (readCheckpoint(key, value, this.#stateBytes) === undefined) count++;
    return count;
  }

  /**
   * Closes the open round with the updates that are ready here, MODEL_ROWS_MAX at most; says whether it did. Under a quorum it waits for that many.
   * Errors: invalid-argument for another than the creator where the creator closes, and without any update.
   */
  closeRound(): boolean {
    const { closing } = this.settings;
    const { round, contributions, closing: closed } = this.view();
    if (closed !== undefined) return false;
    const ready = contributions.filter(({ state }) => state === "ready").slice(0, MODEL_ROWS_MAX);
    const digests = ready.map(({ digest }) => digest);
    if (closing.kind === "quorum" && digests.length < closing.contributions) return false;
    if (closing.kind === "creator" && this.participant !== this.creator) {
      throw new CrdtError(
        "invalid-argument",
        `${this.creator} closes the rounds of this federation, not ${this.participant}`,
      );
    }
    if (digests.length === 0) {
      throw new CrdtError("invalid-argument", `round ${round} has no update that could count; wait for one`);
    }
    this.document.closings.set(closingKey(round, this.participant), { digests });
    return true;
  }

  /**
   * Writes down the model of the open round, for who joins later, and forgets the updates of all but the last `keep` rounds
   * before it; gives how many. Late updates of those rounds go with them. For the creator. Errors: invalid-argument.
   */
  compact(keep = 0): number {
    const { round, state } = this.#current();
    if (!Number.isSafeInteger(keep) || keep < 0) {
      throw new CrdtError("invalid-argument", `${keep} rounds to keep; give an integer from 0 on`);
    }
    if (this.participant !== this.creator) {
      throw new CrdtError(
        "invalid-argument",
        `${this.creator} compacts this federation, not ${this.participant}`,
      );
    }
    return this.document.transact(() => {
      this.writeCheckpoint(round, state);
      return this.#forgetUntil(round - keep);
    });
  }

  /** Stores what is pending and lets go of the document. */
  close(): Promise<void> {
    return this.document.close();
  }

  writeCheckpoint(round: number, state: ServerState): void {
    const payload = stateBytes(state);
    const digest = stateDigest(round, payload);
    this.#store.write(digest, payload);
    this.document.checkpoints.set(String(round), { digest, bytes: payload.length });
  }

  get #stateBytes(): number {
    return this.settings.parameters * (1 + momentsOf(this.settings.optimizer)) * 4;
  }

  #checkUpdate(update: Float32Array, examples: number): void {
    if (update.length !== this.updateLength) {
      throw new CrdtError(
        "invalid-argument",
        `an update of ${update.length} numbers for ${this.updateLength}; give one a parameter`,
      );
    }
    if (!isExamples(examples)) {
      throw new CrdtError("invalid-argument", `${examples} examples; give an integer from 1 to 2^29 − 1`);
    }
    const { magnitudeMax, normMax } = this.settings;
    const fault = faultOf(this.#kernels, update, this.settings);
    if (fault === "not-finite") {
      throw new CrdtError(
        "invalid-value",
        "the update holds a number that is not finite; train with a smaller rate",
      );
    }
    if (fault === undefined) return;
    const limit = fault === "norm" ? normMax : magnitudeMax;
    throw new CrdtError("limit-exceeded", `the update's ${fault} is beyond ${limit}; clip it`);
  }

  /** Errors: invalid-argument. */
  #current(): Computed {
    const computed = this.#advance();
    if (computed !== undefined) return computed;
    throw new CrdtError("invalid-argument", "the first model has not come yet; sync the document");
  }

  /** Computes as many rounds as are closed and whole. */
  #advance(): Computed | undefined {
    const closings = this.#closings();
    this.#takeBack(closings);
    this.#adoptCheckpoint();
    for (;;) {
      const last = this.#computed.at(-1);
      const next = last === undefined ? undefined : this.#next(last, closings.get(last.round + 1));
      if (next === undefined) return last;
      this.#computed.push(next);
      if (this.#computed.length > KEPT_ROUNDS) this.#computed.shift();
      this.#store.letGoBefore(this.#computed[0]!.round);
    }
  }

  /** Forgets rounds whose closing record is no longer the one that counts. */
  #takeBack(closings: ReadonlyMap<number, ClosingRecord>): void {
    const wrong = this.#computed.findIndex(({ round, closing }) => {
      const found = closings.get(round)?.digests.join();
      return closing !== undefined && found !== undefined && found !== closing;
    });
    if (wrong >= 0) this.#computed.length = wrong;
  }

  /** Takes the latest checkpoint beyond what was computed here. */
  #adoptCheckpoint(): void {
    for (const [key, value] of this.document.checkpoints) {
      const found = readCheckpoint(key, value, this.#stateBytes);
      if (found === undefined || found.round <= (this.#computed.at(-1)?.round ?? -1)) continue;
      const payload = this.#store.read(found.digest, found.bytes);
      if (payload === undefined || stateDigest(found.round, payload) !== found.digest) continue;
      const state = stateOf(payload, this.settings);
      const { round, digest } = found;
      if (isSound(state)) this.#computed = [{ round, digest, state, closing: undefined }];
    }
  }

  /** The round after `computed`; undefined while it is open or what counts in it has not all come. */
  #next({ round, state, digest: base }: Computed, closing: ClosingRecord | undefined): Computed | undefined {
    if (closing === undefined) return undefined;
    const records = this.#records(round + 1).filter(({ digest }) => closing.digests.includes(digest));
    if (records.length < closing.digests.length) return undefined;
    const twice = equivocators(records);
    const included: { update: Float32Array; examples: number }[] = [];
    for (const record of records.sort(compareRecords)) {
      if (twice.has(record.participant)) continue;
      const judged = this.#store.judge(record);
      if (judged === "incomplete" || judged === "damaged") return undefined;
      if (typeof judged === "string" || record.base !== base) continue;
      included.push({ update: judged, examples: record.examples });
    }
    const reached = included.length === 0 ? state : this.#averaged(state, included);
    const digest = stateDigest(round + 1, stateBytes(reached));
    return { round: round + 1, state: reached, digest, closing: closing.digests.join() };
  }

  #averaged(
    state: ServerState,
    included: readonly { update: Float32Array; examples: number }[],
  ): ServerState {
    const { aggregation, optimizer, magnitudeMax } = this.settings;
    const update = aggregate(this.#kernels, included, aggregation, magnitudeMax);
    return nextState(optimizer, state, update, included.length);
  }

  #records(round: number): UpdateRecord[] {
    const found: UpdateRecord[] = [];
    for (const [key, value] of this.document.updates) {
      if (!key.startsWith(`${round}/`)) continue;
      const record = readUpdate(key, value, this.updateLength);
      if (record !== undefined) found.push(record);
    }
    return found;
  }

  /** Of every round the closing record that counts. */
  #closings(): Map<number, ClosingRecord> {
    const found = new Map<number, ClosingRecord[]>();
    for (const [key, value] of this.document.closings) {
      const record = readClosing(key, value);
      if (record !== undefined) found.set(record.round, [...(found.get(record.round) ?? []), record]);
    }
    const chosen = new Map<number, ClosingRecord>();
    for (const [round, records] of found) {
      const closing = chosenClosing(records, this.settings.closing, this.creator);
      if (closing !== undefined) chosen.set(round, closing);
    }
    return chosen;
  }

  /** Drops updates, closings and older checkpoints up to a round. */
  #forgetUntil(last: number): number {
    const { updates, closings, checkpoints } = this.document;
    const kept = this.#keptDigests(last);
    const forget = ({ digest, bytes }: { digest: string; bytes: number }): void => {
      if (!kept.has(digest)) this.#store.forget(digest, bytes);
    };
    let forgotten = 0;
    for (const [key, value] of [...updates]) {
      const record = readUpdate(key, value, this.updateLength);
      if (record === undefined || record.round > last) continue;
      forget(record);
      updates.delete(key);
      forgotten++;
    }
    for (const [key, value] of [...closings]) {
      const record = readClosing(key, value);
      if (record !== undefined && record.round <= last) closings.delete(key);
    }
    for (const [key, value] of [...checkpoints]) {
      const found = readCheckpoint(key, value, this.#stateBytes);
      if (found === undefined || found.round >= this.#current().round) continue;
      forget(found);
      checkpoints.delete(key);
    }
    return forgotten;
  }

  /** What records that stay name: an old one may name the same, whoever wrote it. */
  #keptDigests(last: number): Set<string> {
    const kept = new Set([this.#current().digest]);
    for (const [key, value] of this.document.updates) {
      const record = readUpdate(key, value, this.updateLength);
      if (record !== undefined && record.round > last) kept.add(record.digest);
    }
    return kept;
  }
}

/** Of a second moment the root is taken. */
const isSound = ({ model, first, second }: ServerState): boolean =>
  model.every(Number.isFinite) &&
  first.every(Number.isFinite) &&
  second.every((value) => value >= 0 && value < Number.POSITIVE_INFINITY);

function stateBytes({ model, first, second }: ServerState): Uint8Array {
  const parts = [model, first, second].map(floatBytes);
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function stateOf(payload: Uint8Array, { parameters, optimizer }: FederationSettings): ServerState {
  const moments = momentsOf(optimizer);
  const numbers = floatsOf(payload, parameters * (1 + moments));
  return {
    model: numbers.slice(0, parameters),
    first: numbers.slice(parameters, parameters * 2),
    second: numbers.slice(parameters * 2),
  };
}
