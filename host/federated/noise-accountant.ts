// What a noisy mean gives away: Gaussian noise on a sum of clipped updates, of a share of the participants each round, after
// Rényi (Mironov, CSF 2017; Mironov, Talwar and Zhang, 2019, for Poisson sampling and integer orders), turned into (ε, δ) as
// Canonne, Kamath and Steinke (NeurIPS 2020) do. The bound holds for one participant's whole update being there or not, for
// whoever sees every model; not for who sees updates.

export interface NoiseSpent {
  readonly epsilon: number;
  readonly delta: number;
  readonly clients: number;
  readonly rounds: number;
}

export interface NoisePlan {
  /** All participants. */
  readonly clients: number;
  /** How likely each takes part in a round. */
  readonly sampling: number;
  /** Standard deviation of the noise on the sum over the norm that updates are clipped to. */
  readonly noiseMultiplier: number;
  readonly rounds: number;
  readonly delta: number;
}

const ORDERS = [...Array.from({ length: 63 }, (_, index) => index + 2), 80, 96, 128, 192, 256, 384, 512];

export function noiseSpent({ clients, sampling, noiseMultiplier, rounds, delta }: NoisePlan): NoiseSpent {
  const epsilons = ORDERS.map((order) => {
    const spent = rounds * divergence(order, sampling, noiseMultiplier);
    return spent + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1);
  });
  return { epsilon: Math.max(0, Math.min(...epsilons)), delta, clients, rounds };
}

/** How it is printed: never a bound without what it holds for. */
export function describeNoise({ epsilon, delta, clients, rounds }: NoiseSpent): string {
  return `ε = ${epsilon.toFixed(2)}, δ = ${delta}, ${clients} clients, ${rounds} rounds`;
}

/** Rényi divergence of an integer order of one round. */
function divergence(order: number, sampling: number, noiseMultiplier: number): number {
  const variance = noiseMultiplier * noiseMultiplier;
  if (sampling === 1) return order / (2 * variance);
  let logBinomial = 0;
  const terms: number[] = [];
  for (let taken = 0; taken <= order; taken++) {
    if (taken > 0) logBinomial += Math.log((order - taken + 1) / taken);
    const chance = (order - taken) * Math.log1p(-sampling) + taken * Math.log(sampling);
    terms.push(logBinomial + chance + (taken * taken - taken) / (2 * variance));
  }
  const greatest = Math.max(...terms);
  const sum = terms.reduce((total, term) => total + Math.exp(term - greatest), 0);
  return (greatest + Math.log(sum)) / (order - 1);
}
