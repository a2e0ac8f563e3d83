// Votes: each proposal with what its options have, what is needed, and what has been decided. Ballots that may still
// change are drawn lighter than those that stay.

import { formatCount } from "../../fleet/format.ts";
import type { CastBallot, Decision, ListedProposal, ReplicaId, TallyRow, VoteHandle } from "../../index.ts";
import { KeyedChildren, make, setText } from "../elements.ts";
import type { ContainerView, ViewContext } from "./container-view.ts";
import { RowTable } from "./row-table.ts";
import { timeText } from "./value-text.ts";

/** Proposals shown, the newest first. */
const PROPOSALS_SHOWN = 30;

interface Voter {
  readonly replica: string;
  readonly weight: number;
  readonly ballot: CastBallot | undefined;
}

interface OptionRow extends TallyRow {
  readonly total: number;
  readonly threshold: number;
  readonly isDecided: boolean;
}

export function voteView(vote: VoteHandle, context: ViewContext): ContainerView {
  const list = make("div", "proposals");
  const note = make("p", "note");
  const cards = new Map<HTMLElement, ProposalCard>();
  const children = new KeyedChildren<ListedProposal>(
    list,
    () => {
      const card = new ProposalCard(context);
      cards.set(card.root, card);
      return card.root;
    },
    (element, proposal) => cards.get(element)?.show(vote, proposal),
  );
  return {
    root: make("div", "", list, note),
    show() {
      const proposals = vote.proposals().reverse();
      const shown = proposals.slice(0, PROPOSALS_SHOWN);
      children.show(shown.map((proposal) => [proposal.id, proposal]));
      const some = `${shown.length} of ${formatCount(proposals.length)} proposals shown`;
      setText(note, proposals.length === 0 ? "Nothing is proposed yet." : some);
      note.hidden = proposals.length > 0 && shown.length === proposals.length;
    },
  };
}

class ProposalCard {
  readonly root: HTMLElement;
  readonly #title = make("h3");
  readonly #state = make("span", "state");
  readonly #facts = make("p", "facts-line");
  readonly #options: RowTable<OptionRow>;
  readonly #voters: RowTable<Voter>;

  constructor(context: ViewContext) {
    this.#options = new RowTable<OptionRow>(
      [
        { title: "option", text: ({ option, isDecided }) => (isDecided ? `${option} ✓` : option) },
        { title: "final", kind: "number", text: ({ final }) => formatCount(final) },
        { title: "so far", kind: "number", text: ({ provisional }) => formatCount(provisional) },
        { title: "of all weight", kind: "bar", fill: fillTally },
      ],
      { empty: "It has no options." },
    );
    this.#voters = new RowTable<Voter>(
      [
        { title: "voter", text: ({ replica }) => context.nameOf(replica) },
        { title: "weight", kind: "number", text: ({ weight }) => formatCount(weight) },
        { title: "ballot", text: ({ ballot }) => ballotText(ballot) },
      ],
      { empty: "Nobody may vote." },
    );
    const voters = make("details", "", make("summary", "", "Voters"), this.#voters.root);
    const head = make("div", "head", this.#title, this.#state);
    this.root = make("article", "proposal", head, this.#facts, this.#options.root, voters);
  }

  show(vote: VoteHandle, { id, electorate, threshold, deadlineMs, timeMs }: ListedProposal): void {
    const tally = vote.tally(id);
    const decision = vote.decision(id);
    if (tally === undefined || decision === undefined) return;
    setText(this.#title, id);
    this.#state.dataset.tone = DECISION_TONES[decision.status];
    setText(this.#state, decisionText(decision));
    const until = deadlineMs === undefined ? "" : `, until ${timeText(deadlineMs, Date.now())}`;
    const needed = `${formatCount(threshold)} of ${formatCount(tally.total)} decide`;
    const uncast = `${formatCount(tally.uncast)} not final yet`;
    setText(this.#facts, `${needed}, ${uncast}, since ${timeText(timeMs, Date.now())}${until}`);
    const isDecided = (option: string) => decision.status === "decided" && decision.option === option;
    this.#options.show(
      tally.options.map((row) => {
        const { total } = tally;
        return [row.option, { ...row, total, threshold, isDecided: isDecided(row.option) }];
      }),
    );
    const voters = Object.entries(electorate).map(([replica, weight]) => {
      return { replica, weight, ballot: vote.ballot(id, replica as ReplicaId) };
    });
    this.#voters.show(voters.map((voter) => [voter.replica, voter]));
  }
}

const DECISION_TONES = { open: "plain", decided: "good", impossible: "danger" } as const;

function decisionText(decision: Decision): string {
  if (decision.status === "decided") return `decided: ${decision.option}`;
  return decision.status === "impossible" ? "cannot be decided" : "open";
}

function ballotText(ballot: CastBallot | undefined): string {
  if (ballot === undefined) return "–";
  const kind = ballot.isFinal ? "final" : "may change";
  return `${ballot.option} (${ballot.counts ? kind : "does not count"})`;
}

function fillTally(cell: HTMLElement, { final, provisional, total, threshold }: OptionRow): void {
  if (cell.firstElementChild === null) {
    cell.append(make("div", "tally", make("span", "may-change"), make("span"), make("i")));
  }
  const shares = [provisional, final, threshold];
  [...(cell.firstElementChild?.children ?? [])].forEach((part, index) => {
    if (!(part instanceof HTMLElement)) return;
    const share = `${((100 * (shares[index] ?? 0)) / total).toFixed(1)}%`;
    const side = index === 2 ? "left" : "width";
    if (part.style[side] !== share) part.style[side] = share;
  });
}
