// Keeps every stored document in sync without subscribing all of them: an extension of the protocol (docs/protocol.md,
// "Which documents differ"). The connecting side compares at each connect and every so often; only what differs is
// opened, carried until both sides agree, and closed again. Listening sides answer; they need no setting. Open
// documents stream as always and are found equal. Leaves access to the hub, which says what a peer may see.
import { CrdtError } from "../../errors.ts";
import { DOCUMENT_NAME_BYTES_MAX } from "../../limits.ts";
import type { Transport } from "../../platform/transport.ts";
import { callListener } from "../../replica/call-listener.ts";
import type { DocumentSync, ReplicaHost, SyncAllOptions, SyncRound } from "../../replica/ports.ts";
import type { Extension, ExtensionEnd, ExtensionPeer } from "../extension.ts";
import { AnsweringEnd } from "./answering-end.ts";
import { AskingEnd } from "./asking-end.ts";
import { DocumentIndex } from "./document-index.ts";
import { ANSWER_TYPE, FEATURE, REQUEST_TYPE } from "./messages.ts";

const EVERY_MS = 30_000;
const EVERY_MS_MIN = 100;

export class Reconciliation implements Extension {
  readonly feature = FEATURE;
  readonly types = [REQUEST_TYPE, ANSWER_TYPE] as const;
  readonly #host: ReplicaHost;
  readonly #index: DocumentIndex;
  readonly #asking = new Map<Transport, AskingEnd>();
  #sync: OpenSync | undefined;

  constructor(host: ReplicaHost) {
    this.#host = host;
    this.#index = new DocumentIndex(host);
  }

  open(peer: ExtensionPeer): ExtensionEnd {
    if (peer.role === "server") return new AnsweringEnd(peer, this.#index);
    const end = new AskingEnd(peer, this.#host, this.#index, () => this.#asking.delete(peer.transport));
    this.#asking.set(peer.transport, end);
    return end;
  }

  /** The session over `transport` has begun. */
  joined(transport: Transport): void {
    const end = this.#asking.get(transport);
    if (end === undefined) return;
    end.isBegun = true;
    this.#sync?.run([end]);
  }

  /** Compares with every peer from now on. Errors: invalid-argument. */
  start(options: SyncAllOptions): DocumentSync {
    const { prefix = "", everyMs = EVERY_MS } = options;
    checkOptions(prefix, everyMs);
    if (this.#sync !== undefined && !this.#sync.isStopped) {
      throw new CrdtError(
        "invalid-argument",
        "this replica keeps all documents in sync already: stop() that first",
      );
    }
    this.#sync = new OpenSync(this.#host, prefix, everyMs, () => this.#begun());
    return this.#sync;
  }

  #begun(): AskingEnd[] {
    return [...this.#asking.values()].filter((end) => end.isBegun);
  }

  stop(): void {
    this.#sync?.stop();
  }
}

class OpenSync implements DocumentSync {
  readonly #host: ReplicaHost;
  readonly #prefix: string;
  readonly #everyMs: number;
  readonly #ends: () => readonly AskingEnd[];
  readonly #listeners = new Set<(round: SyncRound) => void>();
  #cancelTimer: () => void = () => {};
  #isStopped = false;

  constructor(host: ReplicaHost, prefix: string, everyMs: number, ends: () => readonly AskingEnd[]) {
    this.#host = host;
    this.#prefix = prefix;
    this.#everyMs = everyMs;
    this.#ends = ends;
    this.run(ends());
    this.#schedule();
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  async compare(): Promise<readonly SyncRound[]> {
    const rounds = await Promise.all(this.#ends().map((end) => this.#round(end)));
    return rounds.filter((round) => round !== undefined);
  }

  onRound(listener: (round: SyncRound) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  /** Compares without anybody waiting: what fails ends the connection it failed on. */
  run(ends: readonly AskingEnd[]): void {
    if (this.#isStopped) return;
    for (const end of ends) this.#round(end).catch((error: unknown) => end.peer.close(asError(error)));
  }

  async #round(end: AskingEnd): Promise<SyncRound | undefined> {
    const round = await end.round(this.#prefix);
    if (round !== undefined) for (const listener of [...this.#listeners]) callListener(listener, round);
    return round;
  }

  #schedule(): void {
    const tick = () => {
      this.run(this.#ends());
      this.#schedule();
    };
    this.#cancelTimer = this.#host.platform.setTimer(tick, this.#everyMs, { background: true });
  }
}

function asError(error: unknown): CrdtError {
  if (error instanceof CrdtError) return error;
  return new CrdtError("protocol-error", `comparing documents failed: ${error}; it is tried again`, {
    cause: error,
  });
}

function checkOptions(prefix: string, everyMs: number): void {
  if (new TextEncoder().encode(prefix).length > DOCUMENT_NAME_BYTES_MAX) {
    throw new CrdtError(
      "invalid-argument",
      `prefix ${JSON.stringify(prefix)}: no document name is longer than ${DOCUMENT_NAME_BYTES_MAX} bytes`,
    );
  }
  if (!(everyMs >= EVERY_MS_MIN)) {
    throw new CrdtError("invalid-argument", `everyMs ${everyMs}: give ${EVERY_MS_MIN} milliseconds or more`);
  }
}
