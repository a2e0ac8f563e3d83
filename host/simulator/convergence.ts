// Whether nodes agree: all run, and have equal version vectors and equal digests. Vectors are looked at first, since
// digests of large documents take time.
import type { SimulatedNode } from "./simulated-node.ts";

export function haveConverged(nodes: readonly SimulatedNode[]): boolean {
  const first = nodes[0]?.process;
  if (first === undefined) return nodes.length === 0;
  const vector = first.core.versionVector;
  for (const { process: running } of nodes) {
    if (running === undefined || !running.core.versionVector.equals(vector)) return false;
  }
  const digest = first.document.digest();
  return nodes.every((node) => node.process!.document.digest() === digest);
}
