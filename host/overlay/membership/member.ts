// A member of the overlay as rumours tell of it, and which of two rumours about one member counts. The order is that
// of SWIM (Das, Gupta, Motivala 2002, https://www.cs.cornell.edu/projects/Quicksilver/public_pdfs/SWIM.pdf), where a
// member alone raises its incarnation: to deny what is said of it, or to say something new of itself.
import type { ReplicaId } from "../../wire/replica-id.ts";

export type MemberState = "alive" | "suspect" | "dead" | "left";
export const MEMBER_STATES: readonly MemberState[] = ["alive", "suspect", "dead", "left"];

/** What a member says of itself. */
export interface MemberDescription {
  /** Where others may connect; none for a member that only opens connections itself. */
  readonly addresses: readonly string[];
  /** "" for none. */
  readonly region: string;
  readonly meta: Uint8Array;
  /** Protocol features, as in its hello. */
  readonly features: number;
}

export interface Member extends MemberDescription {
  readonly id: ReplicaId;
  readonly incarnation: number;
  readonly state: MemberState;
}

/** Something told of a member. */
export interface MemberRumour {
  readonly kind: "member";
  readonly member: Member;
  /** Who says so: of a suspicion, the one who found no answer. */
  readonly from: ReplicaId;
}

/** Which connections a member keeps that it opened itself; the other ends say theirs. */
export interface LinksRumour {
  readonly kind: "links";
  readonly id: ReplicaId;
  readonly version: number;
  readonly opened: readonly ReplicaId[];
}

export type Rumour = MemberRumour | LinksRumour;

export const rumourKey = (rumour: Rumour): string =>
  rumour.kind === "member" ? `m${rumour.member.id}` : `l${rumour.id}`;

const RANK: Readonly<Record<MemberState, number>> = { alive: 0, suspect: 1, dead: 2, left: 3 };

/** Whether `told` says more than what is known: a higher incarnation, or the same and worse. */
export function supersedes(told: Member, known: Member | undefined): boolean {
  if (known === undefined) return true;
  if (told.incarnation !== known.incarnation) return told.incarnation > known.incarnation;
  return RANK[told.state] > RANK[known.state];
}

export const isPresent = (member: Member): boolean => member.state === "alive" || member.state === "suspect";
