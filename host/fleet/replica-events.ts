// What a replica notices about itself, in words: for the terminal of whoever runs it.

import type { Replica } from "../index.ts";

export function tellReplicaEvents(replica: Replica, tell: (text: string) => void): void {
  replica.subscribe((event) => {
    if (event.kind === "store") tell(event.event.message);
    else if (event.kind === "replica-id") tell(`writes as replica ${event.id} from now on (${event.reason})`);
    else if (event.kind === "refused") tell(`measurements wait in ${event.document}: ${event.error.message}`);
    else tell(`a clock is ${Math.round(event.aheadMs / 1000)} s ahead of this one (${event.source})`);
  });
}
