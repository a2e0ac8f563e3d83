// The connecting side of a comparison: compares when told to, and brings what differs into agreement. What is open and
// carried already needs neither. Documents the peer refuses, or that do not come to agree, are left out of what this
// connection compares from then on.
import type { ReplicaHost, SyncRound } from "../../replica/ports.ts";
import type { ExtensionEnd, ExtensionPeer } from "../extension.ts";
import { type FrameReader, malformed } from "../frame-reader.ts";
import { CHECKSUM_BYTES } from "../messages.ts";
import { webSocketHeaderBytes } from "../web-socket-size.ts";
import { findDifferences } from "./comparison.ts";
import type { DocumentIndex, DocumentView } from "./document-index.ts";
import {
  ANSWER_TYPE,
  type Answer,
  REQUEST_TYPE,
  type Request,
  readAnswer,
  writeRequest,
} from "./messages.ts";
import { Settling } from "./settling.ts";

const TYPE_BYTES = 1;

interface Asked {
  readonly request: Request;
  resolve(answer: Answer | undefined): void;
}

/** Of a frame with so much content, the header of its WebSocket frame included. */
function bytesOnWire(contentBytes: number, isMasked: boolean): number {
  const frameBytes = TYPE_BYTES + contentBytes + CHECKSUM_BYTES;
  return frameBytes + webSocketHeaderBytes(frameBytes, isMasked);
}

/** The connection ended under a comparison. */
class Ended extends Error {}

export class AskingEnd implements ExtensionEnd {
  readonly peer: ExtensionPeer;
  /** Whether the session has begun, so that documents can be carried. */
  isBegun = false;
  readonly #index: DocumentIndex;
  readonly #settling: Settling;
  readonly #closed: () => void;
  #view: { readonly prefix: string; readonly documents: DocumentView } | undefined;
  #asked: Asked | undefined;
  #round: Promise<SyncRound | undefined> | undefined;
  #bytes = 0;
  #isClosed = false;

  constructor(peer: ExtensionPeer, host: ReplicaHost, index: DocumentIndex, closed: () => void) {
    this.peer = peer;
    this.#index = index;
    this.#settling = new Settling(host, peer);
    this.#closed = closed;
  }

  /** Compares and settles; joins a round that is under way. Resolves with undefined when the connection ended. */
  round(prefix: string): Promise<SyncRound | undefined> {
    this.#round ??= this.#runRound(prefix).finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  receive(type: number, reader: FrameReader): void {
    const asked = this.#asked;
    if (type !== ANSWER_TYPE || asked === undefined)
      throw malformed(`a frame of type ${type} nobody asked for`);
    this.#bytes += bytesOnWire(reader.remaining, false);
    const answer = readAnswer(reader, asked.request);
    this.#asked = undefined;
    asked.resolve(answer);
  }

  close(): void {
    this.#isClosed = true;
    this.#settling.close();
    this.#view?.documents.close();
    this.#asked?.resolve(undefined);
    this.#closed();
  }

  async #runRound(prefix: string): Promise<SyncRound | undefined> {
    try {
      return await this.#compareAndSettle(prefix);
    } catch (error) {
      if (error instanceof Ended) return undefined;
      throw error;
    }
  }

  async #compareAndSettle(prefix: string): Promise<SyncRound> {
    await this.#index.ready();
    this.#index.refresh();
    const bytesBefore = this.#bytes;
    const documents = this.#viewOf(prefix);
    const found = await findDifferences(documents.tree, prefix, (request) => this.#ask(request));
    const bytes = this.#bytes - bytesBefore;
    const names = found.names.filter((name) => documents.shows(name) && this.peer.linkOf(name) === undefined);
    const { refused, unsettled } = await this.#settling.settle(names);
    if (this.#isClosed) throw new Ended();
    for (const name of [...refused, ...unsettled]) documents.exclude(name);
    this.#index.refresh();
    return {
      peer: this.peer.hello.replica,
      documents: documents.tree.count,
      different: names.length,
      refused,
      unsettled,
      requests: found.requests,
      bytes,
      isCut: found.isCut,
    };
  }

  /** One prefix a connection: the other side keeps its view too. */
  #viewOf(prefix: string): DocumentView {
    this.#view ??= { prefix, documents: this.#index.view(prefix, undefined) };
    return this.#view.documents;
  }

  async #ask(request: Request): Promise<Answer> {
    if (this.#isClosed) throw new Ended();
    const answer = await new Promise<Answer | undefined>((resolve) => {
      this.#asked = { request, resolve };
      this.peer.sendFrame(REQUEST_TYPE, (writer) => {
        const start = writer.length;
        writeRequest(writer, request);
        this.#bytes += bytesOnWire(writer.length - start, true);
      });
    });
    if (answer === undefined) throw new Ended();
    return answer;
  }
}
