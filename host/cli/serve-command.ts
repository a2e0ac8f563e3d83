// `jarvis serve`: the relay and the page alone, for agents and pages that come by themselves.

import { openHub } from "./hub.ts";
import { aborted, untilInterrupted } from "./interrupt.ts";
import type { Terminal } from "./terminal.ts";

export interface ServeCommandOptions {
  readonly host: string;
  readonly port: number;
  readonly data?: string;
  readonly engine: "auto" | "wasm" | "baseline";
}

export async function serveCommand(options: ServeCommandOptions, terminal: Terminal): Promise<number> {
  const signal = untilInterrupted();
  const hub = await openHub({ ...options, data: options.data });
  if (hub.port !== options.port && options.port !== 0) {
    terminal.news(`port ${options.port} is taken: using ${hub.port}`);
  }
  terminal.result({ page: hub.pageUrl, relay: hub.relayUrl, replica: hub.replica.id, pid: process.pid });
  terminal.line(`page   ${hub.pageUrl}`);
  terminal.line(`relay  ${hub.relayUrl}   (jarvis agent ${hub.relayUrl})`);
  terminal.line("Ctrl-C ends it");
  await aborted(signal);
  await hub.close();
  return 0;
}
