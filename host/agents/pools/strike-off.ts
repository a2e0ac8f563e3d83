// Striking a replica id off, so that another may take over what it held. It takes the final ballot of every other
// member, because each says with it: I know this id up to that sequence and no further, and it is no member of mine.
// Since a replica casts one final ballot a struck id, two proposals about it whose electorates share one voter are never
// both decided. Who lists different members refuses to vote; then nothing happens, which is the safe side.
import { CrdtError } from "../../errors.ts";
import type { ListedProposal, VoteHandle } from "../../replica/vote/vote-handle.ts";
import { isReplicaId, type ReplicaId } from "../../wire/replica-id.ts";
import type { VersionVector } from "../../wire/version-vector.ts";

export interface StrikeOff {
  readonly proposal: string;
  readonly struck: ReplicaId;
  /** The last sequence of the struck id that anybody who voted knew. */
  readonly lastSequence: number;
  /** Who may take over what it held. */
  readonly heir: ReplicaId;
  readonly isDecided: boolean;
}

export interface StrikeOffPlace {
  readonly strikes: VoteHandle;
  /** Who this replica is now. */
  readonly replica: { readonly id: ReplicaId };
  readonly versionVector: () => VersionVector;
  /** The members of the group that live, this one included. */
  readonly members: () => Iterable<ReplicaId>;
}

const PATTERN = /^strike ([0-9a-f]{16}) at (\d{1,16}) heir ([0-9a-f]{16})$/;

export class StrikeOffs {
  readonly #place: StrikeOffPlace;

  constructor(place: StrikeOffPlace) {
    this.#place = place;
  }

  /** Proposes to strike `struck` off as far as it is known here, with this replica as heir; votes for it. */
  propose(struck: ReplicaId): string {
    const { strikes, replica, versionVector } = this.#place;
    const members = this.#members();
    if (!isReplicaId(struck) || members.has(struck)) {
      throw new CrdtError(
        "invalid-argument",
        `strike off ${String(struck)}: it is no id, or still a member; take it out of the members first`,
      );
    }
    if (this.#hasVotedOn(struck)) {
      throw new CrdtError("invalid-argument", `strike off ${struck}: this replica has voted on that already`);
    }
    const option = `strike ${struck} at ${versionVector().get(struck)} heir ${replica.id}`;
    const electorate = Object.fromEntries([...members].map((member) => [member, 1]));
    const proposal = strikes.propose({ options: [option], electorate, threshold: members.size });
    strikes.cast(proposal, option, { final: true });
    return proposal;
  }

  /** Votes for every open proposal that is true as far as this replica knows; says how many. */
  confirm(): number {
    const { strikes, versionVector } = this.#place;
    let confirmed = 0;
    for (const proposal of strikes.proposals()) {
      const read = this.#read(proposal);
      if (read === undefined || read.isDecided || this.#hasVotedOn(read.struck)) continue;
      if (!this.#isTrueHere(proposal, read) || versionVector().get(read.struck) !== read.lastSequence)
        continue;
      strikes.cast(proposal.id, proposal.options[0]!, { final: true });
      confirmed++;
    }
    return confirmed;
  }

  /** Every strike-off that was proposed in good form, oldest first. */
  all(): StrikeOff[] {
    return this.#place.strikes.proposals().flatMap((proposal) => this.#read(proposal) ?? []);
  }

  /** The one that was decided about `replica`. */
  of(replica: ReplicaId): StrikeOff | undefined {
    return this.all().find(({ struck, isDecided }) => isDecided && struck === replica);
  }

  #members(): Set<ReplicaId> {
    return new Set([...this.#place.members(), this.#place.replica.id]);
  }

  /** Whether its electorate is everybody this replica counts as a member, and what it strikes is none of them. */
  #isTrueHere({ electorate }: ListedProposal, { struck, heir }: StrikeOff): boolean {
    const members = this.#members();
    if (members.has(struck) || !members.has(heir)) return false;
    const voters = Object.keys(electorate);
    return voters.length === members.size && voters.every((voter) => members.has(voter as ReplicaId));
  }

  #hasVotedOn(struck: ReplicaId): boolean {
    const { strikes, replica } = this.#place;
    return strikes.proposals().some((proposal) => {
      if (this.#read(proposal)?.struck !== struck) return false;
      return strikes.ballot(proposal.id, replica.id)?.isFinal === true;
    });
  }

  /** Only unanimous ones count. */
  #read({ id, options, electorate, threshold }: ListedProposal): StrikeOff | undefined {
    const match = PATTERN.exec(options[0] ?? "");
    const voters = Object.values(electorate);
    if (match === null || options.length > 1 || threshold !== voters.length) return undefined;
    const [, struck, lastSequence, heir] = match;
    if (!isReplicaId(struck) || !isReplicaId(heir) || Object.hasOwn(electorate, struck)) return undefined;
    if (voters.some((weight) => weight !== 1) || !Object.hasOwn(electorate, heir)) return undefined;
    const isDecided = this.#place.strikes.decision(id)?.status === "decided";
    return { proposal: id, struck, lastSequence: Number(lastSequence), heir, isDecided };
  }
}
