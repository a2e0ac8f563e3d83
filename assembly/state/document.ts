// The document in hand: every call selects one by handle, and the rooms below work on `Document.current`. A handle is a
// table index and a generation, so that one kept after close is noticed. A call that changes anything runs between
// `beginCall` and `keep` or `refuse`; the image of the document row is its first journal note.
//
//   handle table  | per slot: document u32 (0 = closed), generation u32
//   handle        | generation 12 bits | index 20 bits
import { DOCUMENTS_MAX } from "../../host/limits";
import { Heap } from "../memory/heap";
import { Journal } from "../memory/journal";
import { DocumentRow } from "./records";

const INDEX_BITS: u32 = 20;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: u32 = 0xfff;
const SLOT_SHIFT: u32 = 3;
const NO_RELEASE: u32 = 0xffffffff;
const IMAGE_BYTES: u32 = <u32>offsetof<DocumentRow>("replicaOrder");

@unmanaged
class HandleSlot {
  document: u32;
  generation: u32;
}

/** What became of the call whose journal goes back to its transaction. */
const HANDING_BACK_NONE: u32 = 0;
const HANDING_BACK_KEPT: u32 = 1;
const HANDING_BACK_UNDONE: u32 = 2;

/** How the transaction of the current document is ending; closing goes on after it. */
const ENDING_NONE: u32 = 0;
const ENDING_COMMIT: u32 = 1;
const ENDING_ROLLBACK: u32 = 2;
const ENDING_CLOSE: u32 = 3;

export abstract class Document {
  /** A trap from here on does not bring the transaction back: its end is finished. */
  private static ending: u32 = ENDING_NONE;
  /** The call is over, only the journal is not yet back with its transaction; done anew after a trap. */
  private static handingBack: u32 = HANDING_BACK_NONE;
  static current: DocumentRow = changetype<DocumentRow>(0);
  static openDocuments: u32 = 0;
  private static slots: u32 = 0;
  private static slotCount: u32 = 0;
  private static slotCapacity: u32 = 0;
  /** No slot below this one is free. */
  private static lowestFree: u32 = 0;

  /** Makes the document of `handle` the current one; false when it is closed. */
  static select(handle: u32): bool {
    const index = handle & INDEX_MASK;
    if (index >= Document.slotCount) return false;
    const slot = Document.slot(index);
    if (slot.document == 0 || (slot.generation & GENERATION_MASK) != handle >> INDEX_BITS) return false;
    Document.current = changetype<DocumentRow>(slot.document);
    return true;
  }

  /** A zeroed document; selects it and gives its handle, or 0xffffffff when all handles are taken. */
  static create(): u32 {
    const index = Document.freeIndex();
    if (index > INDEX_MASK) return 0xffffffff;
    const pointer = Heap.allocate(offsetof<DocumentRow>());
    memory.fill(pointer, 0, offsetof<DocumentRow>());
    const slot = Document.slot(index);
    slot.document = pointer;
    if (index == Document.slotCount) Document.slotCount++;
    Document.openDocuments++;
    Document.current = changetype<DocumentRow>(pointer);
    Document.current.journalLastRelease = NO_RELEASE;
    return index | ((slot.generation & GENERATION_MASK) << INDEX_BITS);
  }

  /** Forgets the handle of the current document, whose parts are freed already. */
  static remove(handle: u32): void {
    const slot = Document.slot(handle & INDEX_MASK);
    const pointer = slot.document;
    slot.document = 0;
    slot.generation++;
    Document.lowestFree = min(Document.lowestFree, handle & INDEX_MASK);
    Document.openDocuments--;
    Heap.release(pointer, offsetof<DocumentRow>());
  }

  /** Opens the journal for a call that changes the current document. */
  static beginCall(): void {
    const document = Document.current;
    if (document.isTransactionOpen) Document.lendJournal(document);
    Journal.open();
    Journal.noteRange(changetype<u32>(document), IMAGE_BYTES);
  }

  /** Keeps what the call did; inside a transaction the notes stay. */
  static keep(): void {
    const document = Document.current;
    if (document.isTransactionOpen) {
      Document.handingBack = HANDING_BACK_KEPT;
      Journal.suspend();
      Document.takeJournalBack(document);
    } else {
      Journal.commit();
    }
  }

  /** Undoes what the call did. */
  static refuse(): void {
    const document = Document.current;
    Journal.undo();
    Document.forgetOrders(document);
    if (!document.isTransactionOpen) return;
    Document.handingBack = HANDING_BACK_UNDONE;
    Document.takeJournalBack(document);
  }

  /** After a trap: finishes a commit or the end of a transaction (true) or undoes the call (false). */
  static recover(): bool {
    if (Document.ending != ENDING_NONE) {
      const isWholeCall = Document.ending != ENDING_CLOSE;
      Document.finishEnding();
      return isWholeCall;
    }
    if (Document.handingBack != HANDING_BACK_NONE) {
      const isKept = Document.handingBack == HANDING_BACK_KEPT;
      Document.takeJournalBack(Document.current);
      return isKept;
    }
    if (Journal.isCommitting) {
      Journal.finishCommit();
      return true;
    }
    if (Journal.isOpen) Document.refuse();
    return false;
  }

  static begin(): void {
    const document = Document.current;
    document.journalPointer = 0;
    document.journalCapacityBytes = 0;
    document.journalLength = 0;
    document.journalLastRelease = NO_RELEASE;
    document.isSeriesAsked = 0;
    document.isTransactionOpen = 1;
  }

  static commit(): void {
    Document.end(ENDING_COMMIT);
  }

  static rollback(): void {
    const document = Document.current;
    if (document.isSeriesAsked) document.seriesEpoch++;
    Document.end(ENDING_ROLLBACK);
  }

  /** Undoes the transaction of a document that is being closed. */
  static abandon(): void {
    Document.end(ENDING_CLOSE);
  }

  private static end(ending: u32): void {
    Document.lendJournal(Document.current);
    Document.ending = ending;
    Document.finishEnding();
  }

  /** Every step of it may be done twice, so that it can begin anew after a trap. */
  private static finishEnding(): void {
    const document = Document.current;
    if (Document.ending == ENDING_COMMIT) {
      Journal.finishCommit();
    } else {
      Journal.undoAll();
      Document.forgetOrders(document);
    }
    Journal.releaseCapacity();
    document.isTransactionOpen = 0;
    Document.useSharedJournal();
    Document.ending = ENDING_NONE;
  }

  /** Orders are derived, and were perhaps rebuilt while the undone rows were there. */
  private static forgetOrders(document: DocumentRow): void {
    document.replicaOrderCount = 0;
    document.containerOrderCount = 0;
  }

  private static sharedPointer: u32 = 0;
  private static sharedCapacityBytes: u32 = 0;

  private static lendJournal(document: DocumentRow): void {
    Document.sharedPointer = Journal.basePointer;
    Document.sharedCapacityBytes = Journal.capacityBytes;
    Journal.basePointer = document.journalPointer;
    Journal.capacityBytes = document.journalCapacityBytes;
    Journal.length = document.journalLength;
    Journal.lastRelease = document.journalLastRelease;
  }

  private static takeJournalBack(document: DocumentRow): void {
    document.journalPointer = Journal.basePointer;
    document.journalCapacityBytes = Journal.capacityBytes;
    document.journalLength = Journal.length;
    document.journalLastRelease = Journal.lastRelease;
    Document.useSharedJournal();
    Document.handingBack = HANDING_BACK_NONE;
  }

  private static useSharedJournal(): void {
    Journal.basePointer = Document.sharedPointer;
    Journal.capacityBytes = Document.sharedCapacityBytes;
    Journal.length = 0;
    Journal.lastRelease = NO_RELEASE;
  }

  @inline private static slot(index: u32): HandleSlot {
    return changetype<HandleSlot>(Document.slots + (index << SLOT_SHIFT));
  }

  private static freeIndex(): u32 {
    if (Document.openDocuments < Document.slotCount) {
      for (let index = Document.lowestFree; index < Document.slotCount; index++) {
        Document.lowestFree = index;
        if (Document.slot(index).document == 0) return index;
      }
    }
    const index = Document.slotCount;
    if (index == <u32>DOCUMENTS_MAX) return 0xffffffff;
    if (index == Document.slotCapacity) Document.growSlots();
    Document.slot(index).document = 0;
    Document.slot(index).generation = 1;
    return index;
  }

  private static growSlots(): void {
    const capacity = max<u32>(64, Document.slotCapacity * 2);
    const pointer = Heap.allocate(capacity << SLOT_SHIFT);
    memory.copy(pointer, Document.slots, Document.slotCapacity << SLOT_SHIFT);
    if (Document.slotCapacity) Heap.release(Document.slots, Document.slotCapacity << SLOT_SHIFT);
    Document.slots = pointer;
    Document.slotCapacity = capacity;
  }
}
