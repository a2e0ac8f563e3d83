// What a send schedule costs (messages and waits together) against the best that one who knows all arrivals could do, and
// how many messages it saves against the fixed interval with the same waits, chosen in hindsight. Arrivals are drawn
// from one seed; with --data those of recorded histories too. The check: no mutation waits beyond the cap, and no
// schedule is cheaper than the optimum.
import { SendSchedule } from "../../host/learning/index.ts";
import {
  costOf,
  fixedInterval,
  fixedMessagesAtEqualWait,
  offlineOptimum,
  recordedSendTrace,
  type SendTrace,
  sendAll,
  syntheticSendTraces,
} from "../learning/send-trace.ts";
import { readWriteTraces } from "../learning/write-trace.ts";
import { elapsedNs } from "../timing.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";

const COSTS_MS = [300, 1_000, 10_000];
const STALE_MS_MAX = 60_000;
const INTERVALS_MS = Array.from({ length: 80 }, (_, power) => 1.2 ** power);

interface Judged {
  readonly figures: readonly Figure[];
  readonly ratio: number;
  readonly messages: number;
  readonly fixedMessages: number;
  readonly arrivals: number;
}

function judge(trace: SendTrace, costMs: number): Judged {
  const cost = sendAll(trace, new SendSchedule({ costMs, staleMsMax: STALE_MS_MAX }));
  const optimum = offlineOptimum(trace, costMs);
  const ratio = costOf(cost, costMs) / optimum;
  if (cost.staleMsMax > STALE_MS_MAX + 1e-6 || ratio < 1 - 1e-9) {
    throw new Error(`${trace.name}: waits of ${cost.staleMsMax} ms, ${ratio} of the optimum`);
  }
  const fixed = INTERVALS_MS.map((ms) => costOf(sendAll(trace, fixedInterval(ms)), costMs));
  const fixedMessages = fixedMessagesAtEqualWait(trace, cost.waitedMs);
  const name = `schedule-${trace.name}-cost-${costMs}`;
  const figures = [
    { figure: `${name} · of the offline optimum`, value: ratio, unit: "×" },
    {
      figure: `${name} · best fixed interval, of the optimum`,
      value: Math.min(...fixed) / optimum,
      unit: "×",
    },
    {
      figure: `${name} · fewer messages at equal waits`,
      value: 100 * (1 - cost.messages / fixedMessages),
      unit: "%",
    },
  ];
  return { figures, ratio, messages: cost.messages, fixedMessages, arrivals: trace.arrivals.length };
}

function tracesOf({ isQuick, traceFolder }: Circumstances): SendTrace[] {
  const recorded = traceFolder === undefined ? [] : readWriteTraces(traceFolder).map(recordedSendTrace);
  return [...syntheticSendTraces(1, isQuick ? 300 : 4_000), ...recorded];
}

export const syncScheduling: Workload = {
  name: "sync-scheduling",
  competitors: ["learned"],
  rounds: 1,
  async run(circumstances): Promise<Outcome> {
    const traces = tracesOf(circumstances);
    const judged = traces.flatMap((trace) => COSTS_MS.map((costMs) => judge(trace, costMs)));
    // Where every arrival is a message of its own there is nothing to save.
    const merging = judged.filter(({ messages, arrivals }) => messages < 0.9 * arrivals);
    const sum = (of: (one: Judged) => number) => merging.reduce((total, one) => total + of(one), 0);
    const fewer = 100 * (1 - sum(({ messages }) => messages) / sum(({ fixedMessages }) => fixedMessages));
    const ns = elapsedNs(() => {
      for (const trace of traces)
        sendAll(trace, new SendSchedule({ costMs: 1_000, staleMsMax: STALE_MS_MAX }));
    });
    const n = traces.reduce((total, { arrivals }) => total + arrivals.length, 0);
    return {
      samples: [{ workload: "schedule-arrival", n, nsPerOp: ns / n }],
      figures: [
        ...judged.flatMap(({ figures }) => figures),
        {
          figure: "schedule · worst, of the offline optimum",
          value: Math.max(...judged.map(({ ratio }) => ratio)),
          unit: "×",
        },
        { figure: "schedule · fewer messages at equal waits, over all that merge", value: fewer, unit: "%" },
      ],
      check: judged.map(({ messages }) => messages).join(" "),
    };
  },
};
