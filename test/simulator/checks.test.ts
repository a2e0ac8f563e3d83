// Every check goes red on a build that is broken in the way it looks for, and stays green on a good one.
import { afterEach, describe, expect, it, vi } from "vitest";
import { DocumentState } from "../../host/engine/baseline/document-state.ts";
import { MESSAGE_BYTES_MAX } from "../../host/limits.ts";
import { DocumentCore } from "../../host/replica/document-core.ts";
import { hostOf } from "../../host/replica/replica.ts";
import {
  CHECK_NAMES,
  type CheckName,
  type SimulationOptions,
  type SimulationResult,
  simulate,
} from "../../host/simulator/index.ts";
import { engineWith, gap, storageWith, transportWith } from "./broken-builds.ts";

vi.setConfig({ testTimeout: 600_000 });

const SEEDS = 20;
const RUN = { nodes: 6, seconds: 4, rate: 5, engine: "baseline" } as const;

/** The first run of some seeds in which a check fails. */
async function firstFailure(
  check: CheckName,
  options: () => Partial<SimulationOptions>,
): Promise<SimulationResult> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = await simulate({ ...RUN, seed, faults: [], ...options() });
    if (result.violations.some((violation) => violation.check === check)) return result;
  }
  throw new Error(`no seed up to ${SEEDS} makes “${check}” fail`);
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** One broken build a check. */
const BREAKAGES: Record<CheckName, () => Partial<SimulationOptions>> = {
  "equal vectors have equal digests": () => ({
    engine: engineWith((document) => {
      let merges = 0;
      const [merge, digest] = [document.merge.bind(document), document.digest.bind(document)];
      return {
        merge: (...parameters) => {
          merges++;
          return merge(...parameters);
        },
        digest: () => (merges % 7 === 3 ? digest().replace(/^./, "x") : digest()),
      };
    }),
  }),
  "what was acknowledged as durable is there": () => ({
    faults: ["power-loss"],
    wrapPlatform: storageWith((storage) => ({ write: (writes) => storage.write(writes, false) })),
  }),
  "vectors only grow": () => ({
    afterStart: [
      (replica, platform) => {
        const current = Object.getOwnPropertyDescriptor(DocumentCore.prototype, "versionVector")!.get!;
        const isWrong = () => platform.monotonicMs() >= 2_400 && platform.monotonicMs() <= 2_600;
        if (platform.machine.index > 0) return;
        for (const core of hostOf(replica).documents()) {
          const old = core.versionVector.clone();
          Object.defineProperty(core, "versionVector", { get: () => (isWrong() ? old : current.call(core)) });
        }
      },
    ],
  }),
  "no gap becomes visible": () => ({
    engine: engineWith((document) => {
      let merges = 0;
      const merge = document.merge.bind(document);
      return {
        merge: (...parameters) => {
          const swallowed = { changed: true, ahead: 0, aheadMs: 0, changes: undefined };
          return ++merges % 10 === 0 ? swallowed : merge(...parameters);
        },
      };
    }),
  }),
  "nothing removed returns": () => {
    let isMerging = false;
    const leave = DocumentState.prototype.leave;
    vi.spyOn(DocumentState.prototype, "leave").mockImplementation(function (this: DocumentState, entry) {
      if (!isMerging) leave.call(this, entry);
    });
    return {
      engine: engineWith((document) => {
        const merge = document.merge.bind(document);
        return {
          merge: (...parameters) => {
            isMerging = true;
            try {
              return merge(...parameters);
            } finally {
              isMerging = false;
            }
          },
        };
      }),
    };
  },
  "a dot is used once": () => ({
    faults: ["clone"],
    wrapPlatform: storageWith(() => ({
      fingerprint: async () => "always the same",
      renewFingerprint: async () => "always the same",
    })),
  }),
  "local writes succeed": () => ({
    engine: engineWith((document) => {
      let batches = 0;
      const mutate = document.mutate.bind(document);
      return {
        mutate: (...parameters) => {
          if (++batches === 10) throw gap();
          return mutate(...parameters);
        },
      };
    }),
  }),
  "limits hold": () => ({
    wrapPlatform: transportWith((transport, bytes) => {
      transport.send(bytes);
      if (bytes[0] === 9) transport.send(new Uint8Array(MESSAGE_BYTES_MAX + 1));
    }),
  }),
  "no crash": () => ({
    afterStart: [
      (_replica, platform) => {
        platform.setTimer(() => {
          throw new Error("nobody catches this");
        }, 300);
      },
    ],
  }),
  "the fleet converges": () => ({
    healSeconds: 10,
    engine: engineWith((_document, number) => {
      if (number !== 2) return {};
      return {
        merge: () => {
          throw gap();
        },
      };
    }),
  }),
  "the fleet falls silent": () => ({
    afterStart: [
      (_replica, platform, hub) => {
        const again = () => {
          for (const session of hub.sessions) for (const link of session.links) link.subscribe();
          platform.setTimer(again, 3_000);
        };
        again();
      },
    ],
  }),
};

describe("a broken build is noticed by", () => {
  for (const check of CHECK_NAMES) {
    it(check, async () => {
      const { violations } = await firstFailure(check, BREAKAGES[check]);
      const [violation] = violations.filter((one) => one.check === check);
      expect(violation!.message).not.toBe("");
      expect(violation!.atMs).toBeGreaterThan(0);
    });
  }
});

describe("a good build", () => {
  it("passes, and every check has looked", async () => {
    const result = await simulate({ ...RUN, seed: 1 });
    expect(result.violations).toEqual([]);
    expect(Math.min(...result.looked.values())).toBeGreaterThan(20);
    expect(result.acknowledgements).toBeGreaterThan(3);
    expect(result.convergedMs).toBeLessThan(60_000);
    expect(result.silentMs).toBeLessThan(60_000);
  });
});
