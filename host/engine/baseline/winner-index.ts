// Registers, maps and what else has winners: under each key the entry with the greatest (timestamp, replica id, sequence).
import type { Entry } from "./entry.ts";

export class WinnerIndex {
  readonly kind = "winners";
  readonly winners = new Map<string, Entry>();
  /** Keys whose winner is no deleted-mark. */
  size = 0;

  /** Takes the place of whatever stood under the key; the caller has compared. */
  insert(entry: Entry): void {
    this.winners.set(entry.key, entry);
    if (entry.length > 0) this.size++;
  }

  remove(entry: Entry): void {
    if (entry.length > 0) this.size--;
    if (this.winners.get(entry.key) === entry) this.winners.delete(entry.key);
  }

  isPresent(key: string): boolean {
    const winner = this.winners.get(key);
    return winner !== undefined && winner.length > 0;
  }

  /** The winner of one key, if there is one. */
  entriesOf(key: string): Entry[] {
    const winner = this.winners.get(key);
    return winner === undefined ? [] : [winner];
  }

  *all(): Generator<Entry> {
    yield* this.winners.values();
  }
}
