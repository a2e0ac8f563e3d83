// Who takes part in the network benchmarks.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { automergeRepo } from "./automerge-repo.ts";
import { ours, unpacked } from "./ours.ts";
import { rawWs } from "./raw-ws.ts";
import type { System } from "./system.ts";
import { hocuspocus, yWebsocket } from "./yjs-systems.ts";

const NEEDS: ReadonlyMap<System, string> = new Map([
  [yWebsocket, "@y/websocket-server"],
  [hocuspocus, "@hocuspocus/server"],
  [automergeRepo, "@automerge/automerge-repo"],
]);

export const systems: readonly System[] = [ours, rawWs, yWebsocket, hocuspocus, automergeRepo];

/** The same relay with frames packed, as usual, and as they are. */
export const packing: readonly System[] = [ours, unpacked];

export function systemOf(name: string): System {
  const system = [...systems, ...packing].find((candidate) => candidate.name === name);
  if (system === undefined) throw new Error(`no system "${name}"`);
  return system;
}

/** Why a system cannot take part here. */
export function missing(name: string): string | undefined {
  const needs = NEEDS.get(systemOf(name));
  if (needs === undefined || existsSync(join("bench", "rivals", "node_modules", needs))) return undefined;
  return `${needs} is not installed: npm install --prefix bench/rivals`;
}
