// A document with a container of each kind that the page shows, filled by three replicas that met and parted, so that
// there are conflicts, ballots of several voters and refused steps to be seen.

import {
  bounded,
  counter,
  createReplica,
  flag,
  graph,
  list,
  log,
  map,
  maximum,
  minimum,
  multiMap,
  multiValue,
  type Replica,
  register,
  schema,
  series,
  set,
  vote,
  workflow,
} from "../../host/index.ts";

export const SAMPLE_DOCUMENT = "workshop";

const ORDERS = {
  name: "orders",
  states: ["placed", "packed", "sent", "returned", "lost"],
  initial: "placed",
  transitions: [
    { name: "pack", from: "placed", to: "packed" },
    { name: "send", from: "packed", to: "sent" },
    { name: "unpack", from: "packed", to: "placed" },
    { name: "return", from: "sent", to: "returned" },
    { name: "restock", from: "returned", to: "placed" },
    { name: "lose", from: ["packed", "sent"], to: "lost" },
  ],
} as const;

const Workshop = schema({
  visits: counter(),
  budget: bounded(),
  settings: map<Record<string, string>>(),
  parts: map<Record<string, { size: number; place: string }>>(),
  title: register<string>(),
  owner: register<{ name: string; since: number }>(),
  isOpen: flag(),
  tags: set<string>(),
  notes: log<string>(),
  colour: multiValue<string>(),
  prices: multiMap<Record<string, number>>(),
  hottest: maximum(),
  coldest: minimum(),
  poll: vote(),
  orders: workflow(ORDERS),
  machines: series(),
  steps: list<string>(),
  roads: graph<{ people: number }>(),
});

async function open(replica: Replica) {
  return replica.open(SAMPLE_DOCUMENT, Workshop);
}
type WorkshopDocument = Awaited<ReturnType<typeof open>>;

function exchange(documents: readonly WorkshopDocument[]): void {
  for (const from of documents) {
    for (const to of documents) if (from !== to) to.merge(from.deltaSince(to.versionVector()));
  }
}

/** Fills the document; the first of the replicas returned has all of it. The caller closes them. */
export async function sampleReplicas(): Promise<Replica[]> {
  const options = { engine: "baseline" } as const;
  const replicas = [await createReplica(options), await createReplica(options), await createReplica(options)];
  const documents = await Promise.all(replicas.map(open));
  const [first, second, third] = documents as [WorkshopDocument, WorkshopDocument, WorkshopDocument];
  fillPlain(first);
  first.budget.topUp(100);
  first.budget.transfer(replicas[1]!.id, 30);
  for (let index = 0; index < 24; index++) advance(first, `order-${index}`, index);
  const proposal = first.poll.propose({
    options: ["oak", "ash", "elm"],
    electorate: Object.fromEntries(replicas.map(({ id }, index) => [id, index + 1])),
    threshold: 4,
  });
  const decided = first.poll.propose({
    options: ["yes", "no"],
    electorate: { [replicas[0]!.id]: 2, [replicas[1]!.id]: 1 },
    threshold: 2,
  });
  exchange(documents);
  documents.forEach((document, index) => {
    document.visits.increment(3 + index);
    document.colour.set(["red", "green", "blue"][index]!);
    document.prices.set("glue", 4 + index);
    document.notes.append(`note of replica ${index}`);
  });
  second.visits.decrement(2);
  second.budget.spend(12);
  first.poll.cast(decided, "yes", { final: true });
  second.poll.cast(proposal, "oak", { final: true });
  third.poll.cast(proposal, "ash");
  // Both are legal where they are made; whichever comes second in the order of all is refused everywhere.
  first.orders.transition("order-1", "send");
  second.orders.transition("order-1", "unpack");
  exchange(documents);
  exchange(documents);
  return replicas;
}

function fillPlain(document: WorkshopDocument): void {
  document.settings.set("theme", "dark");
  document.settings.set("greeting", `hello ${"very ".repeat(80)}long`);
  for (let index = 0; index < 260; index++) {
    document.parts.set(`part-${String(index).padStart(3, "0")}`, {
      size: index * 7,
      place: `shelf ${index % 9}`,
    });
    document.tags.add(`tag-${index}`);
  }
  document.steps.push("measure", "saw", "glue");
  document.steps.insert(1, "mark");
  fillLoad(document);
  document.roads.addMany(towns());
  document.title.set("The workshop");
  document.owner.set({ name: "Ada", since: 2021 });
  document.isOpen.enable();
  document.prices.set("nails", 2);
  for (const degrees of [18.5, 21.25, -3]) {
    document.hottest.offer(degrees);
    document.coldest.offer(degrees);
  }
}

/** Two machines measured once a second for ten minutes that ended at noon, and a label by itself. */
function fillLoad(document: WorkshopDocument): void {
  const times = Array.from({ length: 600 }, (_, second) => Date.UTC(2026, 0, 1, 11, 50) + second * 1000);
  for (const [place, machine] of ["saw", "lathe"].entries()) {
    const wave = (second: number) => Math.sin(second / (20 + 9 * place));
    const turns = times.map((_, second) => Math.round(900 + 400 * wave(second)));
    document.machines.appendMany(`${machine}/turns`, times, turns);
    document.machines.appendMany(
      `${machine}/heat`,
      times,
      turns.map((value) => value / 40),
    );
  }
  document.machines.appendMany(
    "doors open",
    times.slice(0, 100),
    times.slice(0, 100).map((_, second) => second % 3),
  );
}

/** A town in the middle, rings of towns around it, and more than the page draws. */
function towns() {
  const names = Array.from({ length: 130 }, (_, index) => `town-${index}`);
  const to = (index: number) => (index < 8 ? 0 : Math.floor(index / 3));
  return {
    vertices: names.map((id, index) => ({ id, attributes: { people: 1000 - index } })),
    edges: names.slice(1).flatMap((from, index) => {
      const road = { from, to: names[to(index + 1)]!, directed: false, label: "road" };
      return index % 10 === 0 ? [road, { from, to: names[(index * 7) % 130]!, label: "track" }] : [road];
    }),
  };
}

function advance(document: WorkshopDocument, id: string, index: number): void {
  document.orders.start(id, { customer: `customer ${index % 5}` });
  const steps = ["pack", "send", index % 4 === 0 ? "return" : "lose", "restock"] as const;
  const count = index === 1 ? 1 : index % 4 === 3 ? 2 : index % 4;
  for (const step of index % 8 === 0 ? steps : steps.slice(0, count)) document.orders.transition(id, step);
}
