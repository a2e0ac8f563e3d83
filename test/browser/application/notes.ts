// What the tabs and the Node process share.

import { counter, map, schema } from "jarvis-crdt";

export const Notes = schema({ count: counter(), texts: map<Record<string, string>>() });
