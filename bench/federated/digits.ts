// Handwritten digits from a folder that --data names: optdigits-train.csv.gz to train on, digits.csv.gz of other writers to test
// on; 64 features from 0 to 16 and the class a line. Without a folder, in tests, blots that look a little like them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Examples, SeededRandom } from "../../host/federated/index.ts";

const FEATURES = 64;
const CLASSES = 10;
const GREATEST = 16;

export interface Digits {
  readonly train: Examples;
  readonly test: Examples;
}

export const WIDTHS = [FEATURES, 32, CLASSES];

export function readDigits(folder: string): Digits {
  return {
    train: readRows(join(folder, "optdigits-train.csv.gz")),
    test: readRows(join(folder, "digits.csv.gz")),
  };
}

function readRows(path: string): Examples {
  const lines = gunzipSync(readFileSync(path)).toString("utf8").trim().split("\n");
  const rows = lines.map((line) => line.split(",").map(Number)).filter((row) => row.length === FEATURES + 1);
  const features = new Float32Array(rows.length * FEATURES);
  for (const [place, row] of rows.entries()) {
    for (let index = 0; index < FEATURES; index += 1)
      features[place * FEATURES + index] = row[index]! / GREATEST;
  }
  return { features, labels: Uint8Array.from(rows, (row) => row[FEATURES]!) };
}

/** Ten blots with noise around them. */
export function makeBlots(seed: number, count: number): Digits {
  const random = new SeededRandom(seed);
  const centres = Array.from({ length: CLASSES * FEATURES }, () => random.uniform());
  const make = (length: number): Examples => {
    const labels = Uint8Array.from({ length }, () => random.below(CLASSES));
    const features = new Float32Array(length * FEATURES);
    for (const [place, label] of labels.entries()) {
      for (let index = 0; index < FEATURES; index += 1) {
        features[place * FEATURES + index] = centres[label * FEATURES + index]! + random.normal() * 0.3;
      }
    }
    return { features, labels };
  };
  return { train: make(count), test: make(count) };
}
