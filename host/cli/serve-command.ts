// `jarvis serve`: the relay and the page alone, for agents and pages that come by themselves.

import type { Backbone, BackboneStatus } from "../backbone/index.ts";
import { type DoorAccess, doorOf } from "./access-options.ts";
import { aborted, untilInterrupted } from "./interrupt.ts";
import { openRelayAndPage } from "./relay-and-page.ts";
import type { Terminal } from "./terminal.ts";

export interface ServeCommandOptions extends DoorAccess {
  readonly host: string;
  readonly port: number;
  readonly data?: string;
  readonly engine: "auto" | "wasm" | "baseline";
  readonly backbone?: string;
}

export async function serveCommand(options: ServeCommandOptions, terminal: Terminal): Promise<number> {
  const signal = untilInterrupted();
  const relay = await openRelayAndPage({ ...options, data: options.data, door: await doorOf(options) });
  relay.onTrouble((text) => terminal.news(text));
  if (relay.port !== options.port && options.port !== 0) {
    terminal.news(`port ${options.port} is taken: using ${relay.port}`);
  }
  if (options.backbone !== undefined && options.data === undefined) {
    terminal.news("without --data what the backbone loses is held in memory alone");
  }
  const backboneStatus =
    relay.backbone === undefined ? undefined : await tellBackbone(relay.backbone, terminal);
  terminal.result({
    ...(backboneStatus !== undefined && { backbone: options.backbone, backboneStatus }),
    page: relay.pageUrl,
    relay: relay.relayUrl,
    replica: relay.replica.id,
    pid: process.pid,
  });
  terminal.line(`page   ${relay.pageUrl}`);
  terminal.line(`relay  ${relay.relayUrl}   (jarvis agent ${relay.relayUrl})`);
  if (backboneStatus !== undefined) terminal.line(`nats   ${options.backbone}   (${backboneStatus})`);
  terminal.line("Ctrl-C ends it");
  await aborted(signal);
  await relay.close();
  return 0;
}

/** Tells what happens on the backbone from now on; resolves with its status when a server was reached or was not. */
function tellBackbone(backbone: Backbone, terminal: Terminal): Promise<BackboneStatus> {
  return new Promise((resolve) => {
    if (backbone.status === "online") resolve("online");
    backbone.onEvent(({ kind, document, message }) => {
      const where = document === undefined ? "" : ` document "${document}":`;
      terminal.news(`backbone ${kind}:${where} ${message}`);
      if (kind === "online" || kind === "degraded") resolve(kind);
    });
  });
}
