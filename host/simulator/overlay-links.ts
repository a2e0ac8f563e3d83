// The topology that makes itself: every process joins the overlay through some of the others, which then finds members,
// keeps the connections its topology wants, and pushes lazily. Membership goes on for ever, and counts as silence.

import { joinOverlay } from "../overlay/index.ts";
import { LazyPush } from "../overlay/lazy-push/lazy-push.ts";
import { MEMBERSHIP_TYPES } from "../overlay/membership/membership-messages.ts";
import { addressOf } from "./machine.ts";
import type { AfterStart } from "./simulated-node.ts";

export const OVERLAY = "overlay";

/** Frame types that membership goes on sending. */
export const OVERLAY_QUIET_TYPES: readonly number[] = Object.values(MEMBERSHIP_TYPES);

/** Nodes that everybody tries to join through. */
const SEEDS = 3;

/** Joins the overlay when a process runs. */
export function joiningOverlay(nodes: number, seed: number): AfterStart {
  return (replica, { machine }) => {
    const seeds = Array.from({ length: Math.min(SEEDS, nodes) }, (_, index) => addressOf(index));
    const others = seeds.filter((address) => address !== machine.address);
    joinOverlay(replica, { seeds: others, address: machine.address, seed });
  };
}

/** Lazy push over the connections that a topology gives. */
export const pushingLazily: AfterStart = (_replica, platform, hub) => hub.extend(new LazyPush(platform));
