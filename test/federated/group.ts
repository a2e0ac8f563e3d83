// Federations of a few participants in one process, each a replica of its own.
import type { Engine } from "../../host/engine/engine.ts";
import { createFederation, type Federation, joinFederation } from "../../host/federated/index.ts";
import { converge, createMember, ENGINES } from "../replica/group.ts";

export { ENGINES } from "../replica/group.ts";

type Options = Parameters<typeof createFederation>[3];

export const engineOf = (name: string): Engine => ENGINES.find((engine) => engine.name === name)!;

/** A federation in document "f" on as many replicas as there are participants; the first creates it. */
export async function openFederations(
  participants: readonly string[],
  model: Float32Array,
  options: Options = {},
  engines: readonly Engine[] = ENGINES,
): Promise<Federation[]> {
  const federations: Federation[] = [];
  for (const [index, participant] of participants.entries()) {
    const engine = engines[index % engines.length]!;
    const { replica } = await createMember(engine);
    if (index === 0) {
      federations.push(await createFederation(replica, "f", model, { ...options, participant, engine }));
      continue;
    }
    const document = await replica.open("f");
    document.merge(federations[0]!.document.snapshot());
    federations.push(await joinFederation(replica, "f", { participant, engine }));
    await document.close();
  }
  return federations;
}

export const sync = (...federations: readonly Federation[]): void =>
  converge(...federations.map(({ document }) => document));

/** Numbers that look like an update's, from a seed. */
export const updateOf = (seed: number, length: number, size = 0.5): Float32Array =>
  Float32Array.from({ length }, (_, index) => Math.sin((index + 1) * 12.9898 + seed * 78.233) * size);

export const bits = (numbers: Float32Array): number[] => [...new Uint32Array(numbers.slice().buffer)];

export function randomWords(seed: number): (count: number) => Uint32Array {
  let state = seed >>> 0;
  return (count) =>
    Uint32Array.from({ length: count }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
    });
}
