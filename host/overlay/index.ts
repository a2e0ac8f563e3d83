// The door of the overlay room, and what an application imports from "jarvis-crdt/overlay".
export type { PushStatistics } from "./lazy-push/lazy-push.ts";
export type { Member, MemberDescription, MemberState } from "./membership/member.ts";
export type { MemberEvent } from "./membership/member-table.ts";
export {
  joinOverlay,
  Overlay,
  type OverlayLink,
  type OverlayMember,
  type OverlayOptions,
} from "./overlay.ts";
export type { Part, PartitionEvent } from "./partition/partition-detector.ts";
export { neighbours, type Topology, type TopologyMember, type TopologyView } from "./topology/topology.ts";
