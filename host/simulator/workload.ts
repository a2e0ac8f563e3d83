// What the nodes do: one random mutation at a time on a shared document, through the handles an application uses. Each
// writes to a ledger as well, whose entries say what their author had seen, so that whoever reads it can judge it.
import type { Document } from "../index.ts";
import { counter, flag, list, log, map, multiValue, register, schema, set } from "../index.ts";
import { loadContainers } from "../replica/schema.ts";
import type { Random } from "./random.ts";

export const Shared = schema({
  ledger: log<string>(),
  visits: counter(),
  settings: map<Record<string, string>>(),
  parcels: set<string>(),
  tags: set<string>(),
  status: register<string>(),
  opinions: multiValue<number>(),
  open: flag(),
  lines: list<string>(),
});

/** The code of handles is loaded when a document is opened; waiting for it would tie a run to real time. */
const ready = await loadContainers(Shared.containers);

/** The same schema with all that code at hand. */
export const LoadedShared: typeof Shared = {
  containers: Object.fromEntries(
    ready.map(({ name, type, identity, create }) => [name, { type, identity, load: () => create }]),
  ) as unknown as typeof Shared.containers,
};

export type SharedDocument = Document<typeof Shared>;

export const DOCUMENT_NAME = "shared";

const KEYS = 12;
const LINES_MAX = 40;

/** The lines of a list are read whole to be changed: they take a smaller share. */
const ACTIONS: readonly (readonly [
  share: number,
  act: (document: SharedDocument, random: Random) => void,
])[] = [
  [5, (document, random) => document.visits.increment(random.below(9))],
  [2, (document, random) => document.visits.decrement(random.below(5))],
  [6, (document, random) => document.settings.set(`key${random.below(KEYS)}`, `value${random.below(1000)}`)],
  [2, (document, random) => document.settings.delete(`key${random.below(KEYS)}`)],
  [4, (document, random) => document.tags.add(`tag${random.below(KEYS)}`)],
  [3, (document, random) => document.tags.delete(`tag${random.below(KEYS)}`)],
  [2, (document, random) => document.status.set(`status${random.below(100)}`)],
  [2, (document, random) => document.opinions.set(random.below(100))],
  [1, (document) => document.opinions.clear()],
  [1, (document) => document.open.enable()],
  [1, (document) => document.open.disable()],
  [2, changeLines],
];
const SHARES = ACTIONS.reduce((sum, [share]) => sum + share, 0);

/** Changes something. */
export function mutate(document: SharedDocument, random: Random): void {
  let left = random.below(SHARES);
  for (const [share, act] of ACTIONS) {
    left -= share;
    if (left < 0) {
      act(document, random);
      return;
    }
  }
}

function changeLines({ lines }: SharedDocument, random: Random): void {
  const { length } = lines;
  const place = random.below(length + 1);
  if (place === length || (length < LINES_MAX && random.chance(0.5)))
    lines.insert(place, `line${random.below(1000)}`);
  else if (random.chance(0.5)) lines.delete(place);
  else lines.move(place, random.below(length));
}
