// `jarvis serve`: the relay and the page alone, for agents and pages that come by themselves.

import { type DoorAccess, doorOf } from "./access-options.ts";
import { aborted, untilInterrupted } from "./interrupt.ts";
import { openRelayAndPage } from "./relay-and-page.ts";
import type { Terminal } from "./terminal.ts";

export interface ServeCommandOptions extends DoorAccess {
  readonly host: string;
  readonly port: number;
  readonly data?: string;
  readonly engine: "auto" | "wasm" | "baseline";
}

export async function serveCommand(options: ServeCommandOptions, terminal: Terminal): Promise<number> {
  const signal = untilInterrupted();
  const relay = await openRelayAndPage({ ...options, data: options.data, door: await doorOf(options) });
  relay.onTrouble((text) => terminal.news(text));
  if (relay.port !== options.port && options.port !== 0) {
    terminal.news(`port ${options.port} is taken: using ${relay.port}`);
  }
  terminal.result({
    page: relay.pageUrl,
    relay: relay.relayUrl,
    replica: relay.replica.id,
    pid: process.pid,
  });
  terminal.line(`page   ${relay.pageUrl}`);
  terminal.line(`relay  ${relay.relayUrl}   (jarvis agent ${relay.relayUrl})`);
  terminal.line("Ctrl-C ends it");
  await aborted(signal);
  await relay.close();
  return 0;
}
