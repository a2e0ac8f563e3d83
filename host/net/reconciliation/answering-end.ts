// The answering half of a comparison, on the listening side of a connection. It keeps one view of the documents the
// peer may see, and answers one request at a time from it: what an answer may cost is bounded by the limits of a request.
import { COMPARISON_LIST_MAX } from "../../limits.ts";
import { areEqualFingerprints, type Fingerprint } from "../../wire/fingerprint.ts";
import type { ExtensionEnd, ExtensionPeer } from "../extension.ts";
import { type FrameReader, malformed } from "../frame-reader.ts";
import type { DocumentIndex, DocumentView } from "./document-index.ts";
import { BRANCHES, DIGITS_MAX, type Item, type ItemTree, type RangeName } from "./item-tree.ts";
import {
  ANSWER_TYPE,
  REQUEST_TYPE,
  type Request,
  readRequest,
  writeEqual,
  writeNames,
  writeRanges,
} from "./messages.ts";

export class AnsweringEnd implements ExtensionEnd {
  readonly #peer: ExtensionPeer;
  readonly #index: DocumentIndex;
  #view: { readonly prefix: string; readonly documents: DocumentView } | undefined;
  #isBusy = false;
  #isClosed = false;

  constructor(peer: ExtensionPeer, index: DocumentIndex) {
    this.#peer = peer;
    this.#index = index;
  }

  receive(type: number, reader: FrameReader): void {
    if (type !== REQUEST_TYPE) throw malformed(`a frame of type ${type} to the listening side`);
    const request = readRequest(reader);
    if (this.#isBusy) throw malformed("a request of a comparison before the last one was answered");
    if (request.kind === "compare") this.#compare(request.prefix, request.fingerprint);
    else this.#answer(request);
  }

  close(): void {
    this.#isClosed = true;
    this.#view?.documents.close();
  }

  #compare(prefix: string, fingerprint: Fingerprint): void {
    if (this.#view !== undefined && this.#view.prefix !== prefix) {
      throw malformed(`a comparison of "${prefix}" on a connection that compares "${this.#view.prefix}"`);
    }
    this.#isBusy = true;
    this.#index.ready().then(
      () => {
        this.#isBusy = false;
        if (!this.#isClosed) this.#compareNow(prefix, fingerprint);
      },
      // What the store cannot say is no fault of the peer: it is told nothing, and asks again on its next connection.
      () => {},
    );
  }

  #compareNow(prefix: string, fingerprint: Fingerprint): void {
    this.#index.refresh();
    this.#view ??= { prefix, documents: this.#index.view(prefix, this.#peer.visible) };
    const { tree } = this.#view.documents;
    if (areEqualFingerprints(tree.range("").fingerprint, fingerprint)) {
      this.#peer.sendFrame(ANSWER_TYPE, writeEqual);
    } else this.#sendRanges(tree, [""]);
  }

  #answer(request: Exclude<Request, { readonly kind: "compare" }>): void {
    const tree = this.#view?.documents.tree;
    if (tree === undefined) throw malformed("ranges were asked for before anything was compared");
    if (request.kind === "expand") this.#sendRanges(tree, request.ranges);
    else {
      const names = request.places.map((place) => tree.namesAt(place));
      this.#peer.sendFrame(ANSWER_TYPE, (writer) => writeNames(writer, names));
    }
  }

  #sendRanges(tree: ItemTree, ranges: readonly RangeName[]): void {
    const expansions = ranges.map((range) => expand(tree, range));
    this.#peer.sendFrame(ANSWER_TYPE, (writer) => writeRanges(writer, expansions));
  }
}

/** The items of a short range, the fingerprints of the parts of a long one. */
function expand(tree: ItemTree, range: RangeName): readonly Item[] | readonly Fingerprint[] {
  if (range.length === DIGITS_MAX || tree.range(range).count <= COMPARISON_LIST_MAX) return tree.items(range);
  return Array.from({ length: BRANCHES }, (_, digit) => tree.range(range + digit.toString(16)).fingerprint);
}
