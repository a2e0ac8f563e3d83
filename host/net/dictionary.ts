// What the stream frames of one document leave out: replica ids, container names, and the bases sequences and
// timestamps are differences from. The sender's dictionary serves all receivers and only grows; a receiver's is the
// list of definitions it was given. A replica is defined again when a difference would become long.
import { DICTIONARY_SLOTS_MAX } from "../limits.ts";
import type { ByteWriter } from "../wire/byte-writer.ts";
import { CONTAINER_TYPES, type ContainerTypeName, containerTypeName } from "../wire/container-types.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import { SEQUENCE_MAX } from "../wire/version-vector.ts";
import { type FrameReader, malformed } from "./frame-reader.ts";

/** Differences below these take two bytes (sequences) and four (timestamps: 262 seconds). */
const SEQUENCE_SPAN = 2 ** 14;
const TIME_SPAN = 2 ** 28;
const KIND_REPLICA = 1;
const KIND_CONTAINER = 2;

export interface ReplicaDefinition {
  readonly kind: "replica";
  readonly slot: number;
  readonly id: ReplicaId;
  readonly baseSequence: number;
  readonly baseTime: number;
}

export interface ContainerDefinition {
  readonly kind: "container";
  readonly slot: number;
  readonly type: ContainerTypeName;
  readonly name: string;
}

export type Definition = ReplicaDefinition | ContainerDefinition;

const encoder = new TextEncoder();

export function writeDefinitions(writer: ByteWriter, definitions: readonly Definition[]): void {
  writer.varint(definitions.length);
  for (const definition of definitions) {
    if (definition.kind === "replica") {
      writer.u8(KIND_REPLICA);
      writer.varint(definition.slot);
      writer.replicaId(definition.id);
      writer.varint(definition.baseSequence);
      writer.varint(definition.baseTime);
    } else {
      const name = encoder.encode(definition.name);
      writer.u8(KIND_CONTAINER);
      writer.varint(definition.slot);
      writer.u8(CONTAINER_TYPES[definition.type]);
      writer.u8(name.length);
      writer.append(name);
    }
  }
}

export function readDefinitions(reader: FrameReader): Definition[] {
  const count = reader.varint(reader.remaining);
  const definitions: Definition[] = [];
  for (let index = 0; index < count; index++) definitions.push(readDefinition(reader));
  return definitions;
}

function readDefinition(reader: FrameReader): Definition {
  const kind = reader.u8();
  const slot = reader.varint(DICTIONARY_SLOTS_MAX - 1);
  if (kind === KIND_REPLICA) {
    const id = reader.replicaId();
    return {
      kind: "replica",
      slot,
      id,
      baseSequence: reader.varint(SEQUENCE_MAX),
      baseTime: reader.varint(),
    };
  }
  if (kind !== KIND_CONTAINER) throw malformed(`definition of kind ${kind}`);
  const type = containerTypeName(reader.u8());
  if (type === undefined) throw malformed("a container type this version does not know; update this side");
  const name = reader.text();
  if (name === "") throw malformed("a container without a name");
  return { kind: "container", slot, type, name };
}

/** The sender's half: gives slots to what it meets and lists what receivers have not been told. */
export class OutgoingDictionary {
  readonly #replicas = new Map<ReplicaId, ReplicaDefinition>();
  readonly #containers: ContainerDefinition[] = [];
  /** Container slots by name, then type. */
  readonly #slots = new Map<string, (number | undefined)[]>();
  readonly #ids: ReplicaId[] = [];
  #untold: Definition[] = [];
  #hasRenewed = false;

  /**
   * The definition of a replica, made or renewed so that `sequence` (and `time`, unless it is 0) lie in its spans.
   * Undefined when the dictionary is full.
   */
  replica(id: ReplicaId, sequence: number, time: number): ReplicaDefinition | undefined {
    const known = this.#replicas.get(id);
    if (known !== undefined && isNear(known, sequence, time)) return known;
    if (known === undefined && this.#replicas.size >= DICTIONARY_SLOTS_MAX) return undefined;
    const slot = known?.slot ?? this.#replicas.size;
    const baseTime = time === 0 ? (known?.baseTime ?? 0) : time;
    const definition: ReplicaDefinition = { kind: "replica", slot, id, baseSequence: sequence, baseTime };
    this.#replicas.set(id, definition);
    this.#ids[slot] = id;
    if (known !== undefined) this.#hasRenewed = true;
    this.#untold.push(definition);
    return definition;
  }

  /** The slot of a container; undefined when the dictionary is full. */
  container(type: ContainerTypeName, name: string): number | undefined {
    const known = this.#slots.get(name)?.[CONTAINER_TYPES[type]];
    if (known !== undefined) return known;
    const slot = this.#containers.length;
    if (slot >= DICTIONARY_SLOTS_MAX) return undefined;
    const definition: ContainerDefinition = { kind: "container", slot, type, name };
    this.#containers.push(definition);
    this.#untold.push(definition);
    const slots = this.#slots.get(name) ?? [];
    slots[CONTAINER_TYPES[type]] = slot;
    this.#slots.set(name, slots);
    return slot;
  }

  /** The slot of a replica, whose bases do not matter; undefined when the dictionary is full. */
  slotOf(id: ReplicaId, sequence: number): number | undefined {
    return (this.#replicas.get(id) ?? this.replica(id, sequence, 0))?.slot;
  }

  /** The replica of a slot; undefined for a slot never given. */
  idOf(slot: number): ReplicaId | undefined {
    return this.#ids[slot];
  }

  /** Everything, for a receiver that joins. */
  whole(): Definition[] {
    return [...this.#replicas.values(), ...this.#containers];
  }

  /** How many definitions receivers have not been told. */
  get untold(): number {
    return this.#untold.length;
  }

  /** Takes the first `count` definitions that receivers have not been told. */
  takeUntold(count: number = this.#untold.length): Definition[] {
    return this.#untold.splice(0, count);
  }

  /** Whether a known replica was given new bases since the last call: what was folded before needs the old ones. */
  takeRenewed(): boolean {
    const hasRenewed = this.#hasRenewed;
    this.#hasRenewed = false;
    return hasRenewed;
  }
}

function isNear(known: ReplicaDefinition, sequence: number, time: number): boolean {
  const sequenceSteps = sequence - known.baseSequence;
  if (sequenceSteps < 0 || sequenceSteps >= SEQUENCE_SPAN) return false;
  const timeSteps = time - known.baseTime;
  return time === 0 || (known.baseTime !== 0 && timeSteps >= 0 && timeSteps < TIME_SPAN);
}

/** The receiver's half. */
export class IncomingDictionary {
  readonly #replicas: ReplicaDefinition[] = [];
  readonly #containers: ContainerDefinition[] = [];
  readonly #slots = new Map<ReplicaId, number>();

  constructor(definitions: readonly Definition[] = []) {
    this.define(definitions);
  }

  /** Errors: protocol-error for a slot out of turn or given to another. */
  define(definitions: readonly Definition[]): void {
    for (const definition of definitions) {
      if (definition.kind === "replica") this.#defineReplica(definition);
      else this.#defineContainer(definition);
    }
  }

  replica(slot: number): ReplicaDefinition {
    const definition = this.#replicas[slot];
    if (definition === undefined) throw malformed(`replica slot ${slot} was never defined`);
    return definition;
  }

  container(slot: number): ContainerDefinition {
    const definition = this.#containers[slot];
    if (definition === undefined) throw malformed(`container slot ${slot} was never defined`);
    return definition;
  }

  slotOf(id: ReplicaId): number | undefined {
    return this.#slots.get(id);
  }

  #defineReplica(definition: ReplicaDefinition): void {
    const known = this.#replicas[definition.slot];
    const isNew = known === undefined && definition.slot === this.#replicas.length;
    if (isNew ? this.#slots.has(definition.id) : known?.id !== definition.id) {
      throw malformed(`replica slot ${definition.slot} given to ${definition.id}`);
    }
    this.#replicas[definition.slot] = definition;
    this.#slots.set(definition.id, definition.slot);
  }

  #defineContainer(definition: ContainerDefinition): void {
    const known = this.#containers[definition.slot];
    const isNew = known === undefined && definition.slot === this.#containers.length;
    const isSame = known?.name === definition.name && known.type === definition.type;
    if (!isNew && !isSame) throw malformed(`container slot ${definition.slot} given to ${definition.name}`);
    this.#containers[definition.slot] = definition;
  }
}
