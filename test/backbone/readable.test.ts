// What streams and snapshots alone can be read to. A message that stands in the stream and requires what does not must
// not count, or nobody would publish what is missing.
import { expect, it } from "vitest";
import { Readable } from "../../host/backbone/readable.ts";
import { BACKBONE_UNREADABLE_MAX, BACKBONE_WAITING_BYTES_MAX } from "../../host/limits.ts";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import { type DeltaKind, writeDeltaHeader } from "../../host/wire/delta-header.ts";
import type { ReplicaId } from "../../host/wire/replica-id.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";

const X = "0000000000000001" as ReplicaId;
const Y = "0000000000000002" as ReplicaId;

type Row = readonly [id: ReplicaId, base: number, to: number];
const seen = (x: number, y: number) =>
  new VersionVector([
    [X, x],
    [Y, y],
  ]);

function delta(kind: DeltaKind, ...rows: readonly Row[]): Uint8Array {
  const writer = new ByteWriter();
  const replicas = rows.map(([id, base, to]) => ({ id, base, to }));
  writeDeltaHeader(writer, { kind, baseTimestamp: 0, replicas, containers: [] });
  writer.append(new Uint8Array(4));
  return writer.toBytes();
}

const streamed = (requires: VersionVector, ...rows: readonly Row[]) => ({
  requires,
  deltas: rows.map((row) => delta("stream", row)),
});
const whole = (...rows: readonly Row[]) => ({
  requires: new VersionVector(),
  deltas: [delta("delta", ...rows)],
});

it("counts what can be merged in the order it stands", () => {
  const readable = new Readable();
  readable.add(streamed(seen(0, 0), [X, 0, 3], [X, 3, 4]));
  readable.add(streamed(seen(4, 0), [Y, 0, 2]));
  expect(readable.vector).toEqual(seen(4, 2));
});

it("two replicas that each require what a lost message of the other held: neither counts until it is filled", () => {
  const readable = new Readable(seen(10, 10));
  // Y's 11 to 20 were lost with the stream before; X goes on from there, and Y from what X wrote.
  readable.add(streamed(seen(10, 20), [X, 10, 11]));
  readable.add(streamed(seen(11, 20), [Y, 20, 21]));
  expect(readable.vector).toEqual(seen(10, 10));
  // A delta of everything since then can be merged by whoever has that, and so can what waited.
  readable.add(whole([X, 10, 11], [Y, 10, 20]));
  expect(readable.vector).toEqual(seen(11, 21));
});

it("a whole delta counts only where all its bases are there, also those it does not advance", () => {
  const readable = new Readable(seen(5, 0));
  readable.add(whole([X, 6, 6], [Y, 0, 4]));
  expect(readable.vector).toEqual(seen(5, 0));
  readable.add(streamed(seen(5, 0), [X, 5, 6]));
  expect(readable.vector).toEqual(seen(6, 4));
});

it("a snapshot counts as it is, in a message and beside the stream", () => {
  const readable = new Readable();
  readable.add(streamed(seen(9, 0), [Y, 0, 1]));
  readable.add({ requires: new VersionVector(), deltas: [delta("snapshot", [X, 8, 8])] });
  expect(readable.vector).toEqual(seen(8, 0));
  readable.addSnapshot(seen(9, 0));
  expect(readable.vector).toEqual(seen(9, 1));
});

it("remembers BACKBONE_UNREADABLE_MAX messages that cannot be read yet: of one more the oldest is forgotten", () => {
  const fill = (count: number) => {
    const readable = new Readable();
    for (let number = 0; number < count; number++)
      readable.add(streamed(seen(9, number), [Y, number, number + 1]));
    readable.addSnapshot(seen(9, 0));
    return readable.vector;
  };
  expect(fill(BACKBONE_UNREADABLE_MAX)).toEqual(seen(9, BACKBONE_UNREADABLE_MAX));
  expect(fill(BACKBONE_UNREADABLE_MAX + 1)).toEqual(seen(9, 0));
});

it("of messages that wait no more bytes are kept than a lane may hold, the newest ones", () => {
  const readable = new Readable();
  const partBytes = BACKBONE_WAITING_BYTES_MAX / 8;
  const large = (from: number) => {
    const head = delta("stream", [Y, from, from + 1]);
    const bytes = new Uint8Array(partBytes);
    bytes.set(head);
    return { requires: seen(1, from), deltas: [bytes] };
  };
  for (let from = 0; from < 9; from++) readable.add(large(from));
  readable.add(streamed(seen(0, 0), [X, 0, 1]));
  expect(readable.vector).toEqual(seen(1, 0));
  readable.add(large(0));
  expect(readable.vector).toEqual(seen(1, 9));
  // What was read waits no more, and takes no place.
  for (let from = 11; from < 19; from++) readable.add(large(from));
  readable.add(streamed(seen(1, 9), [Y, 9, 11]));
  expect(readable.vector).toEqual(seen(1, 19));
});
