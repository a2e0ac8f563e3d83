// What federated training comes to on handwritten digits, over three seeds: `npm run bench -- federated --data FOLDER`. Each
// figure is the accuracy in percent on writers that nobody trained on, the mean and each seed. No times: the check holds the
// bits of the last model, so both engines must come to the same ones. Tests run it small, on blots.
import type { ModelKernels } from "../../host/engine/engine.ts";
import { describeNoise, noiseSpent } from "../../host/federated/index.ts";
import { openEngine } from "../engines.ts";
import { type Digits, makeBlots, readDigits } from "../federated/digits.ts";
import { type Configuration, runFederation, TRAINING, trainCentrally } from "../federated/run.ts";
import { HASH_START, hashText, hashWords } from "../native-competitor.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";

const SEEDS = [1, 2, 3];
const TEN: Configuration = { participants: 10, rounds: 60 };
const HUNDRED: Configuration = { participants: 100, sampled: 10, rounds: 100 };
const LIARS: Configuration = { ...TEN, alpha: 0.5, liars: { count: 2, factor: -5 } };
const SCAFFOLD_TEN: Configuration = { ...TEN, optimizer: { kind: "scaffold", participants: 10 } };
const SCAFFOLD_HUNDRED: Configuration = { ...HUNDRED, optimizer: { kind: "scaffold", participants: 100 } };
/** Everybody takes part in every round, and a greater server rate makes up for short updates. */
const NOISE: Configuration = {
  participants: 100,
  rounds: 100,
  optimizer: { kind: "fedavg", rate: 2.2 },
  training: { ...TRAINING, epochs: 2 },
  noise: { sampling: 1, clipNorm: 0.4, noiseMultiplier: 5.24 },
};
const DELTA = 1e-3;

const configurations: Readonly<Record<string, Configuration>> = {
  "10-even": TEN,
  "10-half": { ...TEN, alpha: 0.5 },
  "10-tenth": { ...TEN, alpha: 0.1 },
  "10-tenth-fedavgm": { ...TEN, alpha: 0.1, optimizer: { kind: "fedavgm", momentum: 0.7 } },
  "10-tenth-fedadam": { ...TEN, alpha: 0.1, optimizer: { kind: "fedadam" } },
  "10-tenth-fedyogi": { ...TEN, alpha: 0.1, optimizer: { kind: "fedyogi" } },
  "10-tenth-scaffold": { ...SCAFFOLD_TEN, alpha: 0.1 },
  "10-half-int8": { ...TEN, alpha: 0.5, encoding: "int8" },
  "10-half-int4": { ...TEN, alpha: 0.5, encoding: "int4" },
  "100-even": HUNDRED,
  "100-even-fedadam": { ...HUNDRED, optimizer: { kind: "fedadam" } },
  "100-even-noise": NOISE,
  "100-tenth": { ...HUNDRED, alpha: 0.1 },
  "100-tenth-fedadam": { ...HUNDRED, alpha: 0.1, optimizer: { kind: "fedadam" } },
  "100-tenth-scaffold": { ...SCAFFOLD_HUNDRED, alpha: 0.1 },
  "liars-mean": LIARS,
  "liars-median": { ...LIARS, aggregation: { kind: "median" } },
  "liars-trimmed": { ...LIARS, aggregation: { kind: "trimmed-mean", share: 0.2 } },
  "liars-krum": { ...LIARS, aggregation: { kind: "krum", liars: 2 } },
  "liars-multi-krum": { ...LIARS, aggregation: { kind: "krum", liars: 2, kept: 8 } },
};

function digitsFor({ isQuick, data }: Circumstances): Digits {
  return isQuick ? makeBlots(1, 200) : readDigits(data ?? "");
}

const missing = (_competitor: string, data: string | undefined): string | undefined => {
  if (data !== undefined || process.argv.includes("--quick")) return undefined;
  return "it needs --data FOLDER with optdigits-train.csv.gz and digits.csv.gz";
};

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function figuresOf(name: string, accuracies: readonly number[]): Figure[] {
  const each = accuracies.map((value, index) => ({
    figure: `${name} · seed ${SEEDS[index]}`,
    value,
    unit: "%",
  }));
  return [{ figure: name, value: mean(accuracies), unit: "%" }, ...each];
}

async function central(circumstances: Circumstances): Promise<Outcome> {
  const digits = digitsFor(circumstances);
  const epochs = circumstances.isQuick ? 2 : TEN.rounds;
  const accuracies = SEEDS.map((seed) => trainCentrally(digits, epochs, seed));
  return { samples: [], figures: figuresOf("federated-central", accuracies), check: "central" };
}

async function run(
  name: string,
  configuration: Configuration,
  circumstances: Circumstances,
): Promise<Outcome> {
  const kernels: ModelKernels = await (await openEngine(circumstances.competitor)).models();
  const digits = digitsFor(circumstances);
  const rounds = circumstances.isQuick ? 2 : configuration.rounds;
  const reached = SEEDS.map((seed) => runFederation(kernels, digits, { ...configuration, rounds }, seed));
  const check = reached.reduce(
    (hash, { model }) => hashWords(hash, new Uint32Array(model.slice().buffer)),
    HASH_START,
  );
  const accuracies = reached.map(({ accuracy }) => accuracy);
  const bytes = {
    figure: `${name} · update`,
    value: mean(reached.map((one) => one.bytes)),
    unit: "bytes in all",
  };
  const figures = [
    ...figuresOf(name, accuracies),
    bytes,
    ...noiseFigures(name, { ...configuration, rounds }),
  ];
  return { samples: [], figures, check: hashText(check) };
}

/** What the noise of a configuration is worth, with all that the bound holds for. */
function noiseFigures(name: string, { noise, participants, rounds }: Configuration): Figure[] {
  if (noise === undefined) return [];
  const spent = noiseSpent({ ...noise, clients: participants, rounds, delta: DELTA });
  return [{ figure: `${name} · ${describeNoise(spent)}`, value: spent.epsilon, unit: "ε" }];
}

export const federated: readonly Workload[] = [
  { name: "federated-central", competitors: ["baseline"], rounds: 1, missing, run: central },
  ...Object.entries(configurations).map(([title, configuration]): Workload => {
    const name = `federated-${title}`;
    return {
      name,
      competitors: ["baseline", "wasm"],
      rounds: 1,
      missing,
      run: (circumstances) => run(name, configuration, circumstances),
    };
  }),
];
