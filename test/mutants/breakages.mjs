// Ways to break this package, each of a kind that broke another one in the field, and the tests that must go red then.
// `npm run test:mutants` applies them one at a time to a copy of the tree. `find` stands in its file exactly once. The
// comparisons and rules are those of the TypeScript engine: the differential and conformance suites judge both.

const LAWS = (subject) => ({
  files: ["test/laws/core.test.ts", "-t", `hold for ${subject}:`],
  env: { LAW_RUNS: "10000" },
});
const CONFORMANCE = (...files) => ({ files: files.map((file) => `test/conformance/${file}.test.ts`) });
const STORE = (...files) => ({ files: files.map((file) => `test/store/${file}.test.ts`) });
const NET = (...files) => ({ files: files.map((file) => `test/net/${file}.test.ts`) });

export const BREAKAGES = [
  // Last-writer-wins that depends on who merges (delta-enabled-crdts#7, cockroach#168541, convex#641)
  {
    name: "equal timestamps: the one that comes later wins",
    file: "host/engine/baseline/entry.ts",
    find: "if (replica !== other.replica) return replica.id > other.replica.id;",
    replace: "if (replica !== other.replica) return true;",
    tests: LAWS("map"),
  },
  {
    name: "timestamps are not compared at all",
    file: "host/engine/baseline/entry.ts",
    find: "if (timestamp !== other.timestamp) return timestamp > other.timestamp;",
    replace: "",
    tests: LAWS("map"),
  },
  // Holes that act as deletes (akka#22188, js-delta-crdts#34)
  {
    name: "a delta with a hole before it is taken",
    file: "host/engine/baseline/delta-merge.ts",
    find: "if (!isSnapshot && bases[index]! > own) {",
    replace: "if (!isSnapshot && bases[index]! > own + 3) {",
    tests: LAWS("map"),
  },
  {
    name: "a snapshot drops entries it has not seen",
    file: "host/engine/baseline/delta-merge.ts",
    find: "if (entry.sequence > to) break;",
    replace: "",
    tests: LAWS("set"),
  },
  {
    name: "a snapshot keeps entries it saw removed",
    file: "host/engine/baseline/delta-merge.ts",
    find: "if (isSnapshot) this.#dropMissing();",
    replace: "",
    tests: LAWS("set"),
  },
  // Duplicates applied twice
  {
    name: "what is covered is applied again",
    file: "host/engine/baseline/delta-merge.ts",
    find: "if (low < high && sequences[low]! > sequence) return low;",
    replace: "if (low < high) return low;",
    tests: LAWS("map"),
  },
  // The dead come back (go-fast-note-sync#9, akka#21647)
  {
    name: "removal records are not kept for others",
    file: "host/engine/baseline/delta-merge.ts",
    find: "this.#state.keep(column, { sequence, container, targetReplicas, targetSequences });",
    replace: "",
    tests: LAWS("set"),
  },
  {
    name: "a removal takes concurrent adds along",
    file: "host/engine/baseline/delta-merge.ts",
    find: "if (entry !== undefined && entry.container === container && isElement(entry)) this.#leave(entry);",
    replace:
      "if (entry !== undefined && entry.container === container && isElement(entry)) for (const other of this.#state.sortedReplicas().flatMap((all) => [...all.entries])) if (other.isLive && other.container === container && other.key === entry.key && isElement(other)) this.#leave(other);",
    tests: LAWS("set"),
  },
  {
    name: "compaction drops deleted-marks before the clock has passed them",
    file: "host/engine/baseline/compaction.ts",
    find: " || entry.timestamp >= nowMs * TICKS_PER_MS) continue;",
    replace: ") continue;",
    tests: CONFORMANCE("compaction"),
  },
  {
    name: "compaction drops deleted-marks that are not stable",
    file: "host/engine/baseline/compaction.ts",
    find: "if (entry.sequence > stable[index]!) break;",
    replace: "",
    tests: CONFORMANCE("compaction"),
  },
  // Compaction changes the value (akka.net#4200, actor-ts#955)
  {
    name: "the timestamp of a compacted mark is forgotten",
    file: "host/engine/baseline/compaction.ts",
    find: "state.raiseCompacted(entry.timestamp);",
    replace: "",
    tests: CONFORMANCE("compaction"),
  },
  {
    name: "compaction does not raise the floor",
    file: "host/engine/baseline/compaction.ts",
    find: "state.raiseFloor(column, sequences[index]!);",
    replace: "",
    tests: LAWS("set"),
  },
  // Clocks ahead and stepping (cachapa/crdt#6, open-msupply#123)
  {
    name: "a clock a year ahead moves ours along",
    file: "host/engine/baseline/delta-merge.ts",
    find: "if (timestampMs > limitMs) {",
    replace: "if (timestampMs > limitMs * 2) {",
    tests: CONFORMANCE("clock"),
  },
  // Two replicas with one id (y-crdt#221, automerge-classic#145, quarto q2#689)
  {
    name: "a copied store keeps its replica id",
    file: "host/store/closed-mark.ts",
    find: 'if (mark.fingerprint !== fingerprint) return { mark, refusal: "it was copied, moved or restored" };',
    replace: "",
    tests: STORE("incarnation"),
  },
  {
    name: "a store that was not closed keeps its replica id",
    file: "host/store/closed-mark.ts",
    find: 'if (!isThere) return { refusal: "it was not closed cleanly, so its last writes may be missing" };',
    replace: "",
    tests: STORE("incarnation", "power-loss"),
  },
  {
    name: "the mark of a clean close stays for the next life",
    file: "host/store/closed-mark.ts",
    find: 'if (hasMark) writes.push({ type: "del", key: CLOSED_KEY });',
    replace: "",
    tests: STORE("incarnation", "store", "power-loss"),
  },
  {
    name: "somebody else's writes under our id are merged without a word",
    file: "host/replica/document-core.ts",
    find: "if (sequence > ownSequence) this.#owner.idTaken(this);",
    replace: "",
    tests: { files: ["test/replica", "test/net/session.test.ts", "test/net/topology.test.ts"] },
  },
  {
    name: "two connections with one replica id are both served",
    file: "host/net/hub.ts",
    find: 'if (other.hello.incarnation !== incarnation) throw new Fatal(idTaken(replica), "new-id");',
    replace: "",
    tests: NET("session", "topology"),
  },
  {
    name: "a replica is connected to its own copy",
    file: "host/net/handshake.ts",
    find: "if (own.replica !== theirs.replica) return undefined;",
    replace: "if (own.replica.length > 0) return undefined;",
    tests: NET("session", "topology"),
  },
  // Half-written persistence (jazz#3514, nats-server#7549), and no checksums below (measured)
  {
    name: "a record is believed whatever its checksum",
    file: "host/store/record.ts",
    find: "if (checksum !== checksumOf(key, bytes)) return undefined;",
    replace: "",
    tests: STORE("recovery"),
  },
  {
    name: "a record is not tied to the one before",
    file: "host/store/recovery.ts",
    find: "if (record.place !== end.place + 1 || record.previous !== end.checksum) break;",
    replace: "",
    tests: STORE("recovery"),
  },
  {
    name: "a log that lost its end is not noticed",
    file: "host/store/recovery.ts",
    find: "if (broken.length === 0 && chain.behind.length === 0 && headPlace <= chain.end.place) return undamaged;",
    replace: "if (broken.length === 0 && chain.behind.length === 0) return undamaged;",
    tests: STORE("recovery"),
  },
  {
    name: "behind a hole everything is merged",
    file: "host/store/recovery.ts",
    find: "if (vector.get(id) < base) isCovered = false;",
    replace: "",
    tests: STORE("recovery"),
  },
  {
    name: "what could not be written counts as stored",
    file: "host/store/group-writer.ts",
    find: "for (const pending of collected) pending.revert();",
    replace: "for (const pending of collected) pending.commit();",
    tests: STORE("store", "power-loss"),
  },
  {
    name: "flushed does not flush",
    file: "host/store/group-writer.ts",
    find: "const flush = this.#options.flush || collected.some((pending) => pending.flush);",
    replace: "const flush = collected.some((pending) => pending.flush);",
    tests: STORE("store", "power-loss"),
  },
  // One lost message wedges sync (automerge#772, #1284, #703)
  {
    name: "a lost frame of a stream goes unnoticed",
    file: "host/net/inbound.ts",
    find: "if (number !== this.#expected) {",
    replace: "if (number < 0) {",
    tests: {
      files: ["test/net/faults.test.ts", "test/simulator/seeds.test.ts"],
      env: { NET_SEEDS: "30", SIMULATOR_SEEDS: "60" },
    },
  },
  {
    name: "nobody asks again for what was lost",
    file: "host/net/session.ts",
    find: "this.#repairOverdue();",
    replace: "",
    tests: NET("faults", "session", "relay"),
  },
  {
    name: "a stream is entered although something is missing",
    file: "host/net/inbound.ts",
    find: "if (!this.#outbound.room.core.versionVector.covers(message.vector)) {",
    replace: "if (message.vector.size < 0) {",
    tests: {
      files: ["test/net/faults.test.ts", "test/simulator/seeds.test.ts"],
      env: { NET_SEEDS: "30", SIMULATOR_SEEDS: "60" },
    },
  },
  {
    name: "a dead peer is never given up",
    file: "host/net/heartbeat.ts",
    find: "return this.#events.dead(silentMs);",
    replace: "return undefined;",
    tests: NET("heartbeat", "session"),
  },
  // Crafted lengths (y-crdt#639, #415, yjs#687)
  {
    name: "a peer that reads nothing and only asks is put up with",
    file: "host/net/session.ts",
    find: "if (this.transport.bufferedBytes > SESSION_BACKLOG_BYTES_MAX * BACKLOG_FACTOR_MAX) {",
    replace: "if (this.transport.bufferedBytes < 0) {",
    tests: NET("limits"),
  },
  {
    name: "control frames are taken whatever their checksum",
    file: "host/net/messages.ts",
    find: "if (found !== xxhash32(bytes, 0, 0, end)) throw",
    replace: "if (found < 0) throw",
    tests: NET("frames", "fuzz"),
  },
  // A re-created document doubles its content (jupyter-collaboration#571); loops between servers (hocuspocus#340)
  {
    name: "what brought nothing new is handed on all the same",
    file: "host/replica/document-core.ts",
    find: "if (result.changed) {",
    replace: "if (result !== undefined) {",
    tests: NET("topology", "relay", "convergence"),
  },
  // Strings, numbers, keys (automerge#1169, yjs#303)
  {
    name: "minus zero becomes zero",
    file: "host/wire/value-encoder.ts",
    find: "(value !== 0 || 1 / value > 0)",
    replace: "true",
    tests: { files: ["test/wire"] },
  },
  // Who may come in
  {
    name: "readers may write",
    file: "host/net/session-access.ts",
    find: "if (!hasRight(right, needed)) {",
    replace: 'if (right === "none") {',
    tests: { files: ["test/access/session-access.test.ts"] },
  },
  {
    name: "a credential that has ended still counts",
    file: "host/net/session-access.ts",
    find: 'else this.#end("the credential has expired", "yes");',
    replace: "",
    tests: { files: ["test/access/session-access.test.ts"] },
  },
  {
    name: "documents are handed out before anybody was admitted",
    file: "host/net/hub.ts",
    find: "if (access.isPending) return access.rightOf(name).then(() => this.#roomOnceAdmitted(session, name));",
    replace: "",
    tests: { files: ["test/access/session-access.test.ts"] },
  },
  {
    name: "tokens of any key are trusted",
    file: "host/access/token-guard.ts",
    find: 'const key = this.#keys.get(kid ?? "");',
    replace: "const [key] = this.#keys.values();\n      void kid;",
    tests: { files: ["test/access/tokens.test.ts"] },
  },
  {
    name: "a relay listens to the world without asking",
    file: "host/relay.ts",
    find: "if (!insecure) refuseOpenDoor(options);",
    replace: "",
    tests: { files: ["test/access/tls.test.ts"] },
  },
  // What a log between relays is believed to hold, after it was lost and made anew
  {
    name: "a message of the backbone counts as readable whatever it builds on",
    file: "host/backbone/readable.ts",
    find: "if (!this.vector.covers(requires)) return false;",
    replace: "",
    tests: { files: ["test/backbone/readable.test.ts"] },
  },
  {
    name: "a peer that never fits is repaired for ever",
    file: "host/net/session.ts",
    find: "if (inbound.repairs <= STREAM_REPAIRS_MAX) return;",
    replace: "return;",
    tests: NET("protocol-limits"),
  },
  {
    name: "pauses between attempts to connect grow to half a minute",
    file: "host/net/backoff.ts",
    find: "const LONGEST_MS = 10_000;",
    replace: "const LONGEST_MS = 30_000;",
    tests: NET("network-back"),
  },
];
