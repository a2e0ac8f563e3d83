// The least document a store can be tested with: every dot carries one number, merging keeps them all. It speaks the
// real preamble and checks dependencies as an engine does, and it notices when a dot is there without what its
// writer had seen: the wrong value a store must never give.
import type { EngineDocument, MergeResult, ReplicaId } from "../../host/engine/engine.ts";
import { CrdtError } from "../../host/errors.ts";
import { type CoreOwner, DocumentCore } from "../../host/replica/document-core.ts";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import { type DeltaKind, readDeltaHeader, writeDeltaHeader } from "../../host/wire/delta-header.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";

const CHECKSUM_BYTES = 4;

/** What every writer had seen when it made a dot, by `replica/sequence`. Kept by the test, not by the documents. */
export type Causes = Map<string, VersionVector>;

interface Range {
  readonly id: ReplicaId;
  readonly base: number;
  readonly to: number;
}

export class TallyDocument {
  readonly numbers = new Map<ReplicaId, number[]>();
  replica: ReplicaId;
  #clock = 0;
  readonly #causes: Causes;

  constructor(replica: ReplicaId, causes: Causes) {
    this.replica = replica;
    this.#causes = causes;
  }

  write(number: number): void {
    const own = this.#of(this.replica);
    this.#causes.set(`${this.replica}/${own.length + 1}`, this.vector());
    own.push(number);
    this.#clock++;
  }

  vector(): VersionVector {
    return new VersionVector([...this.numbers].map(([id, numbers]) => [id, numbers.length] as const));
  }

  /** Throws when a dot is here without what its writer had seen. */
  checkCauses(): void {
    const vector = this.vector();
    for (const [id, numbers] of this.numbers) {
      for (let sequence = 1; sequence <= numbers.length; sequence++) {
        const cause = this.#causes.get(`${id}/${sequence}`);
        if (cause !== undefined && !vector.covers(cause))
          throw new Error(`${id}/${sequence} lacks its causes`);
      }
    }
  }

  toJSON(): Record<string, number[]> {
    return Object.fromEntries([...this.numbers].filter(([, numbers]) => numbers.length > 0).sort());
  }

  deltaSince(vector: VersionVector): Uint8Array {
    const ranges = [...this.vector()].map(([id, to]) => ({ id, base: Math.min(vector.get(id), to), to }));
    return this.#encode("delta", ranges);
  }

  merge(bytes: Uint8Array): boolean {
    const { kind, replicas, bodyOffset } = readDeltaHeader(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isGap = kind !== "snapshot" && replicas.some(({ id, base }) => this.#of(id).length < base);
    if (isGap) throw new CrdtError("gap", "a gap");
    let offset = bodyOffset;
    let changed = false;
    for (const { id, base, to } of replicas) {
      const numbers = this.#of(id);
      for (let sequence = base + 1; sequence <= to; sequence++, offset += 8) {
        if (sequence !== numbers.length + 1) continue;
        numbers.push(view.getFloat64(offset, true));
        changed = true;
      }
    }
    this.#clock = Math.max(this.#clock, ...[...this.numbers.values()].map((numbers) => numbers.length));
    return changed;
  }

  /** The part of the engine's interface a core and a store use. */
  asEngine(): EngineDocument {
    const refused = () => {
      throw new Error("not part of the tally document");
    };
    const result: MergeResult = { changed: false, ahead: 0, aheadMs: 0, changes: undefined };
    const own = () => this.#of(this.replica).length;
    const part: Partial<EngineDocument> = {
      setReplica: (replica) => {
        this.replica = replica;
      },
      merge: (bytes) => ({ ...result, changed: this.merge(bytes) }),
      deltaSince: (vector) => this.deltaSince(VersionVector.decode(vector)),
      localDelta: (sequence) => this.#encode("stream", [{ id: this.replica, base: sequence, to: own() }]),
      snapshot: () =>
        this.#encode(
          "snapshot",
          [...this.vector()].map(([id, to]) => ({ id, base: 0, to })),
        ),
      versionVector: () => this.vector().encode(),
      sequence: own,
      clock: () => this.#clock,
      setClock: (clock) => {
        this.#clock = Math.max(this.#clock, clock);
      },
      close: () => {},
    };
    Object.defineProperty(part, "replica", { get: () => this.replica });
    return new Proxy(part as EngineDocument, {
      get: (target, name) => Reflect.get(target, name) ?? refused,
    });
  }

  #of(id: ReplicaId): number[] {
    const numbers = this.numbers.get(id) ?? [];
    this.numbers.set(id, numbers);
    return numbers;
  }

  #encode(kind: DeltaKind, ranges: readonly Range[]): Uint8Array {
    const writer = new ByteWriter();
    const replicas = ranges.toSorted((left, right) => (left.id < right.id ? -1 : 1));
    writeDeltaHeader(writer, { kind, baseTimestamp: 0, replicas, containers: [] });
    for (const { id, base, to } of replicas) {
      for (const number of this.#of(id).slice(base, to)) writer.f64(number);
    }
    return writer.bytes.slice(0, writer.length + CHECKSUM_BYTES);
  }
}

/** A core around a fresh tally document. */
export function createTallyCore(
  name: string,
  replica: ReplicaId,
  owner: CoreOwner["platform"],
  causes: Causes = new Map(),
): { core: DocumentCore; document: TallyDocument } {
  const document = new TallyDocument(replica, causes);
  const core = new DocumentCore(name, document.asEngine(), {
    platform: owner,
    clockAhead: () => {},
    writesRefused: () => {},
    idTaken: () => {},
  });
  return { core, document };
}
