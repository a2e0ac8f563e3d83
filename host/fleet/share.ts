// Which agent should read which file first: rendezvous hashing (Thaler and Ravishankar, 1996). Every agent works out
// the same answer from the same names, and when an agent comes or goes only its own share moves. It is a preference
// that keeps agents out of each other's way, not a lock. FNV-1a over UTF-16 units; cost: agents × name length.

/** The agent of `agents` that prefers `path`; undefined when there is none. */
export function preferredAgent(path: string, agents: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestWeight = -1;
  for (const agent of agents) {
    const weight = preference(path, agent);
    if (weight > bestWeight || (weight === bestWeight && best !== undefined && agent < best)) {
      best = agent;
      bestWeight = weight;
    }
  }
  return best;
}

/** How much `agent` wants `path`: the greatest of all agents has it. */
export function preference(path: string, agent: string): number {
  return mix(hash(path, hash(agent, 0x811c9dc5)));
}

function hash(text: string, seed: number): number {
  let state = seed;
  for (let index = 0; index < text.length; index++) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  return state >>> 0;
}

/** The finalizer of MurmurHash3, which spreads every bit over all others. */
function mix(value: number): number {
  let state = value;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
