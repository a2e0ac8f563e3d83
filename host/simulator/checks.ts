// What must hold at every moment of a run, whatever goes wrong. Each check compares what a node holds with what other
// nodes held at the same version vector, with itself a moment ago, or with the truth. Cost a node: its digest, its
// ledger read whole, and a look at each truth not looked at before.
import { MESSAGE_BYTES_MAX, SESSION_BACKLOG_BYTES_MAX } from "../limits.ts";
import type { VersionVector } from "../wire/version-vector.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";
import type { Process, SimulatedNode } from "./simulated-node.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

export const CHECK_NAMES = [
  "equal vectors have equal digests",
  "what was acknowledged as durable is there",
  "vectors only grow",
  "no gap becomes visible",
  "nothing removed returns",
  "a dot is used once",
  "local writes succeed",
  "limits hold",
  "no crash",
  "the fleet converges",
  "the fleet falls silent",
] as const;

export type CheckName = (typeof CHECK_NAMES)[number];

export interface Violation {
  readonly check: CheckName;
  readonly atMs: number;
  readonly node: number;
  readonly message: string;
}

/** Vectors whose digests are remembered: the oldest are forgotten beyond this. */
const REMEMBERED_MAX = 20_000;
/** A session gives up a peer that lets four times its backlog wait, and then a message may have been too many. */
const BUFFERED_BYTES_MAX = 4 * SESSION_BACKLOG_BYTES_MAX + MESSAGE_BYTES_MAX;

export interface ChecksOptions {
  readonly world: World;
  readonly network: SimulatedNetwork;
  readonly truth: Truth;
  readonly violated: (check: CheckName, node: number, message: string) => void;
}

export class Checks {
  readonly #options: ChecksOptions;
  readonly #digests = new Map<string, { readonly digest: string; readonly node: number }>();
  readonly #before = new WeakMap<Process, VersionVector>();
  /** How often each check looked. */
  readonly looked = new Map<CheckName, number>();

  constructor(options: ChecksOptions) {
    this.#options = options;
  }

  /** Looks at a node now. */
  look(node: SimulatedNode): void {
    const { process: running } = node;
    if (running === undefined || running.core.isClosed) return;
    const vector = running.core.versionVector.clone();
    this.#checkGrowth(node, running, vector);
    this.#checkDigest(node, running, vector);
    this.#checkLedger(node, running, vector);
    this.#checkRemovals(node, running, vector);
    this.#checkDurable(node, vector);
    this.#checkLimits(node);
  }

  #violated(check: CheckName, node: SimulatedNode, message: string): void {
    this.#options.violated(check, node.index, message);
  }

  #count(check: CheckName): void {
    this.looked.set(check, (this.looked.get(check) ?? 0) + 1);
  }

  #checkGrowth(node: SimulatedNode, running: Process, vector: VersionVector): void {
    this.#count("vectors only grow");
    const before = this.#before.get(running);
    if (before !== undefined && !vector.covers(before)) {
      const [id, sequence] = [...before].find(([other, known]) => vector.get(other) < known)!;
      this.#violated("vectors only grow", node, `${id} went from ${sequence} to ${vector.get(id)}`);
    }
    this.#before.set(running, vector);
  }

  #checkDigest(node: SimulatedNode, running: Process, vector: VersionVector): void {
    this.#count("equal vectors have equal digests");
    const key = keyOf(vector);
    const digest = running.document.digest();
    const known = this.#digests.get(key);
    if (known === undefined) {
      this.#digests.set(key, { digest, node: node.index });
      if (this.#digests.size > REMEMBERED_MAX) this.#digests.delete(this.#digests.keys().next().value!);
    } else if (known.digest !== digest) {
      const message = `digest ${digest}, but node ${known.node} had ${known.digest} at the same vector`;
      this.#violated("equal vectors have equal digests", node, message);
    }
  }

  /** An entry is visible exactly where its dot is covered. */
  #checkLedger(node: SimulatedNode, { document }: Process, vector: VersionVector): void {
    this.#count("no gap becomes visible");
    const visible = new Set(document.ledger.toJSON() as string[]);
    let covered = 0;
    for (const { text, replica, sequence } of this.#options.truth.ledger) {
      if (vector.get(replica) < sequence) continue;
      covered++;
      if (visible.has(text)) continue;
      this.#violated(
        "no gap becomes visible",
        node,
        `entry ${text} (${replica} ${sequence}) is covered and missing`,
      );
      return;
    }
    if (covered === visible.size) return;
    const message = `${visible.size} entries of the ledger are visible, ${covered} are covered`;
    this.#violated("no gap becomes visible", node, message);
  }

  #checkRemovals(node: SimulatedNode, running: Process, vector: VersionVector): void {
    this.#count("nothing removed returns");
    for (const { element, replica, sequence } of this.#options.truth.removals) {
      if (vector.get(replica) < sequence || !running.document.parcels.has(element)) continue;
      const message = `parcel ${element} is there in spite of its removal (${replica} ${sequence})`;
      this.#violated("nothing removed returns", node, message);
      return;
    }
  }

  /** A node that has started holds whatever it was told to be stored. */
  #checkDurable(node: SimulatedNode, vector: VersionVector): void {
    this.#count("what was acknowledged as durable is there");
    for (const one of this.#options.truth.acknowledgements) {
      if (one.node !== node.index || one.excuse !== undefined) continue;
      if (vector.get(one.replica) >= one.sequence) continue;
      const has = vector.get(one.replica);
      const message = `${one.replica} ${one.sequence} was ${one.durability} at ${one.atMs.toFixed(1)} ms, and ${has} is left`;
      this.#violated("what was acknowledged as durable is there", node, message);
      return;
    }
  }

  #checkLimits(node: SimulatedNode): void {
    this.#count("limits hold");
    const { open, counts } = this.#options.network;
    if (counts.largestMessageBytes > MESSAGE_BYTES_MAX) {
      this.#violated("limits hold", node, `a message of ${counts.largestMessageBytes} bytes was sent`);
    }
    for (const { client, server } of open) {
      for (const { bufferedBytes, peer, platform } of [client, server]) {
        if (platform.machine !== node.machine || bufferedBytes <= BUFFERED_BYTES_MAX) continue;
        this.#violated("limits hold", node, `${bufferedBytes} bytes wait for ${peer}`);
      }
    }
  }
}

function keyOf(vector: VersionVector): string {
  let key = "";
  for (const [id, sequence] of vector.rows()) key += `${id}${sequence} `;
  return key;
}
