// The components of the mutual-reachability graph: members are joined where each reports to reach the other. Reports
// are those of several observers; whoever has not reported is judged by what the others say. Pure.
// Cost: members and reports.

/** What one member reports: those it reaches. */
export type Reports<Id> = ReadonlyMap<Id, ReadonlySet<Id>>;

/** Groups of members that reach each other, each sorted, largest first. Members without a report stand alone. */
export function mutualComponents<Id extends string>(members: Iterable<Id>, reports: Reports<Id>): Id[][] {
  const left = new Set(members);
  const components: Id[][] = [];
  for (const start of left) {
    left.delete(start);
    const component = [start];
    for (const id of component) {
      for (const other of reports.get(id) ?? []) {
        if (!left.has(other) || !reports.get(other)?.has(id)) continue;
        left.delete(other);
        component.push(other);
      }
    }
    components.push(component.sort());
  }
  return components.sort((one, other) => other.length - one.length || (one[0]! < other[0]! ? -1 : 1));
}
