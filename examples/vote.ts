// Three replicas vote without a coordinator. Who has seen enough final ballots knows the decision, and it stands.
// Run: npm run example -- vote
import { createReplica, schema, vote } from "jarvis-crdt";

const Council = schema({ votes: vote() });
const replicas = [await createReplica(), await createReplica(), await createReplica()];
const councils = await Promise.all(replicas.map((replica) => replica.open("council", Council)));
const [anna, bob, cleo] = councils as [(typeof councils)[0], (typeof councils)[0], (typeof councils)[0]];

const meet = (): void => {
  for (const from of councils) for (const to of councils) to.merge(from.deltaSince(to.versionVector()));
};

const proposal = anna.votes.propose({
  options: ["tea", "coffee"],
  electorate: Object.fromEntries(replicas.map(({ id }) => [id, 1])),
  threshold: 2,
});
meet();

anna.votes.cast(proposal, "tea", { final: true });
bob.votes.cast(proposal, "coffee"); // may still change
cleo.votes.cast(proposal, "coffee", { final: true });
meet();
console.log(anna.votes.tally(proposal)?.options);
// → [ { option: 'tea', final: 1, provisional: 1 }, { option: 'coffee', final: 1, provisional: 2 } ]
console.log(anna.votes.decision(proposal));
// → { status: 'open' }

bob.votes.cast(proposal, "tea", { final: true });
console.log(bob.votes.decision(proposal), cleo.votes.decision(proposal));
// → { status: 'decided', option: 'tea' } { status: 'open' }
meet();
console.log(cleo.votes.decision(proposal));
// → { status: 'decided', option: 'tea' }
