// What two hellos mean to each other; pure, so that both sides come to the same answer.
import { CrdtError } from "../errors.ts";
import type { Extension } from "./extension.ts";
import { FEATURES, type Hello, PROTOCOL_VERSION, type Retry } from "./messages.ts";
import type { SessionOwner } from "./session-owner.ts";

/** Who opened the connection, and who listens. */
export type Role = "client" | "server";

export interface Refusal {
  readonly error: CrdtError;
  readonly retry: Retry;
}

export interface Versions {
  readonly versionMin: number;
  readonly versionMax: number;
}

export const OWN_VERSIONS: Versions = { versionMin: PROTOCOL_VERSION, versionMax: PROTOCOL_VERSION };

const VERSIONS_OFFSET = 5;

/** The versions in a hello, which stand at the same place in every version of it. */
export function readVersions(hello: Uint8Array): Versions {
  return { versionMin: hello[VERSIONS_OFFSET] ?? 0, versionMax: hello[VERSIONS_OFFSET + 1] ?? 0 };
}

/** Why these versions cannot talk; undefined when they can. */
export function judgeVersions(own: Versions, theirs: Versions): CrdtError | undefined {
  const spoken = Math.min(own.versionMax, theirs.versionMax);
  if (spoken >= own.versionMin && spoken >= theirs.versionMin) return undefined;
  const older = theirs.versionMax < own.versionMin ? "the peer" : "this side";
  return new CrdtError(
    "protocol-error",
    `this side speaks protocol versions ${own.versionMin} to ${own.versionMax}, the peer ${theirs.versionMin} to ` +
      `${theirs.versionMax}: update ${older}`,
  );
}

/** Whether two replicas may talk: not one and the same, and not two with one id. */
export function judgeIdentities(own: Hello, theirs: Hello): Refusal | undefined {
  if (own.replica !== theirs.replica) return undefined;
  if (own.incarnation === theirs.incarnation) {
    const error = new CrdtError(
      "protocol-error",
      `replica ${own.replica} is connected to itself: give the address of another relay`,
    );
    return { error, retry: "no" };
  }
  return { error: idTaken(own.replica), retry: "new-id" };
}

export function idTaken(id: string): CrdtError {
  return new CrdtError(
    "protocol-error",
    `two replicas use the id ${id}, as a copied data directory does: the one that connected takes a new id`,
  );
}

/** What this side says of itself. */
export function ownHello(owner: SessionOwner, role: Role, extensions: Iterable<Extension>): Hello {
  const { host, incarnation, label, packing } = owner;
  let features =
    (host.isStored ? FEATURES.acknowledgesStored : 0) |
    (role === "server" ? FEATURES.opensAnyDocument : 0) |
    (packing === undefined ? 0 : FEATURES.packed);
  for (const { feature } of extensions) features |= feature;
  return {
    type: "hello",
    ...OWN_VERSIONS,
    replica: host.id,
    incarnation,
    clockMs: host.platform.now(),
    features,
    label,
  };
}
