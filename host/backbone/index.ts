// The door of the backbone, "jarvis-crdt/backbone": relays on several machines share what they hold through NATS JetStream.
import { hostOf, type Replica } from "../replica/replica.ts";
import { RelayBackbone } from "./backbone.ts";
import { type Backbone, type BackboneOptions, settingsOf } from "./options.ts";

export type {
  Backbone,
  BackboneEvent,
  BackboneLogin,
  BackboneOptions,
  BackboneStatistics,
  BackboneStatus,
  BackboneTiming,
} from "./options.ts";

/**
 * Shares the documents this replica has open with every relay of the same prefix. Returns at once, reached or not: until
 * a server is, the status is "degraded". Errors: backbone-unavailable, invalid-argument.
 */
export async function joinBackbone(replica: Replica, options: BackboneOptions): Promise<Backbone> {
  return RelayBackbone.open(hostOf(replica), settingsOf(options));
}
