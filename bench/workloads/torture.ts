// What libraries make of values, keys and updates that nobody should send, in numbers instead of times. Needs
// `npm install --prefix bench/rivals` for those that are not ours.
import { libraryNames, openLibrary } from "../torture/libraries.ts";
import {
  type Counts,
  tortureBytes,
  tortureDepth,
  tortureKeys,
  tortureLengths,
  tortureValues,
} from "../torture/trials.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";

/** What may never happen to ours. */
const WRONG: readonly string[] = ["changed", "crashed", "diverged", "wrong", "slow"];

async function torture({ competitor, isQuick }: Circumstances): Promise<Outcome> {
  const library = await openLibrary(competitor);
  const trials: readonly (readonly [string, Counts])[] = [
    ["values", await tortureValues(library)],
    ["keys", await tortureKeys(library)],
    ["updates with changed bytes", await tortureBytes(library, isQuick ? 100 : 3_000)],
    ["updates cut short or with huge lengths", await tortureLengths(library)],
    ["values nested 20,000 deep", await tortureDepth(library)],
  ];
  const figures: Figure[] = [];
  for (const [trial, counts] of trials) {
    for (const [outcome, count] of Object.entries(counts)) {
      figures.push({ figure: `torture, ${trial}, ${outcome}, ${competitor}`, value: count, unit: "times" });
      const isOurs = competitor === "wasm" || competitor === "baseline";
      if (isOurs && count > 0 && WRONG.includes(outcome)) {
        throw new Error(`${competitor}: ${count} ${trial} ${outcome}`);
      }
    }
  }
  return { samples: [], figures, check: "" };
}

export const tortures: Workload = {
  name: "torture",
  competitors: libraryNames,
  rounds: 1,
  run: torture,
};
