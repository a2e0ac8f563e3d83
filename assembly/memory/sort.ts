// A stable bottom-up merge sort of items with two keys; what is sorted already costs one pass.
//
//   item   | primary u64 | secondary u64 | value u32 | unused u32      24 bytes
import { Scratch } from "./scratch";

@unmanaged
export class SortItem {
  primary: u64;
  secondary: u64;
  value: u32;
  spare: u32;
}

export abstract class Sort {
  @inline static item(itemsPointer: u32, index: u32): SortItem {
    return changetype<SortItem>(itemsPointer + index * <u32>offsetof<SortItem>());
  }

  @inline static set(itemsPointer: u32, index: u32, primary: u64, secondary: u64, value: u32): void {
    const item = Sort.item(itemsPointer, index);
    item.primary = primary;
    item.secondary = secondary;
    item.value = value;
  }

  /** Sorts `count` items ascending; the result may stand at another address. */
  static ascending(itemsPointer: u32, count: u32): u32 {
    if (Sort.isSorted(itemsPointer, count)) return itemsPointer;
    let from = itemsPointer;
    let to = Scratch.allocate(count * <u32>offsetof<SortItem>());
    for (let width: u32 = 1; width < count; width *= 2) {
      for (let start: u32 = 0; start < count; start += 2 * width) {
        Sort.mergeRuns(from, to, start, min(start + width, count), min(start + 2 * width, count));
      }
      const swapped = from;
      from = to;
      to = swapped;
    }
    return from;
  }

  @inline private static isAbove(a: SortItem, b: SortItem): bool {
    return a.primary > b.primary || (a.primary == b.primary && a.secondary > b.secondary);
  }

  private static isSorted(itemsPointer: u32, count: u32): bool {
    for (let i: u32 = 1; i < count; i++) {
      if (Sort.isAbove(Sort.item(itemsPointer, i - 1), Sort.item(itemsPointer, i))) return false;
    }
    return true;
  }

  private static mergeRuns(from: u32, to: u32, start: u32, middle: u32, end: u32): void {
    let left = start;
    let right = middle;
    for (let i = start; i < end; i++) {
      const takeRight =
        left == middle || (right < end && Sort.isAbove(Sort.item(from, left), Sort.item(from, right)));
      const source = takeRight ? right++ : left++;
      memory.copy(
        changetype<u32>(Sort.item(to, i)),
        changetype<u32>(Sort.item(from, source)),
        offsetof<SortItem>(),
      );
    }
  }
}
