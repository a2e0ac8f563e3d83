// Secure sums: what comes out is the plain sum to the last bit, with a third of the participants gone; what is refused.
import { describe, expect, it } from "vitest";
import { exactMean, exactScale } from "../../host/federated/exact-mean.ts";
import {
  exactTerms,
  meanOfTerms,
  type RevealedShares,
  SecureParticipant,
  SeededRandom,
  unmaskedSum,
} from "../../host/federated/index.ts";
import { codeOf } from "../conformance/documents.ts";
import { bits, ENGINES, updateOf } from "./group.ts";

const PARAMETERS = 300;
const MAGNITUDE_MAX = 64;

function participant(index: number): SecureParticipant {
  const random = new SeededRandom(index + 1);
  return new SecureParticipant(`p${index}`, (count) =>
    Uint8Array.from({ length: count }, () => random.word()),
  );
}

async function openGroup(count: number, threshold: number) {
  const members = Array.from({ length: count }, (_, index) => participant(index));
  const adverts = members.map(({ advert }) => advert);
  for (const post of (await Promise.all(members.map((member) => member.share(adverts, threshold)))).flat()) {
    members.find(({ id }) => id === post.to)!.receive(post);
  }
  return { members, adverts, group: adverts.map(({ id }) => id) };
}

const codeOfAsync = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "none",
    (error: { code: string }) => error.code,
  );

describe.each(ENGINES.map((engine) => [engine.name, engine] as const))("on %s", (_, engine) => {
  it.each([0, 1, 3])("the sum of ten equals the plain sum with %i gone", async (gone) => {
    const kernels = await engine.models();
    const { members, adverts, group } = await openGroup(10, 7);
    const examples = members.map((_member, index) => index * 31 + 1);
    const updates = members.map((_member, index) => updateOf(index, PARAMETERS, 50));
    const scale = exactScale(2_000, MAGNITUDE_MAX);
    const masked = members.map((member, index) =>
      member.mask(exactTerms(kernels, updates[index]!, examples[index]!, scale), group),
    );
    const stayed = masked.slice(gone);
    const revealed = members.slice(gone).map((member) =>
      member.reveal(
        group,
        stayed.map(({ from }) => from),
      ),
    );
    const sums = await unmaskedSum(adverts, 7, group, stayed, revealed.slice(-7));
    const plain = kernels.createSum(PARAMETERS);
    plain.add(
      updates.slice(gone),
      Float64Array.from(examples.slice(gone), (count) => count * scale),
    );
    expect([...sums.slice(0, -1)]).toEqual([...plain.read()]);
    const total = examples.slice(gone).reduce((sum, count) => sum + count, 0);
    expect(sums.at(-1)).toBe(total);
    expect(bits(meanOfTerms(kernels, sums, scale))).toEqual(bits(plain.divided(total * scale)));
    const direct = exactMean(kernels, updates.slice(gone), examples.slice(gone), MAGNITUDE_MAX);
    for (const [index, value] of meanOfTerms(kernels, sums, scale).entries())
      expect(value).toBeCloseTo(direct[index]!, 5);
    plain.close();
  });
});

describe("a masked sum", () => {
  it("looks like chance, and stays so while masks of dropped participants are missing", async () => {
    const { members, adverts, group } = await openGroup(5, 3);
    const masked = members.map((member) => member.mask(new Float64Array(2_000), group));
    for (const { words } of masked) {
      const ones = words.reduce((count, word) => count + word.toString(2).replaceAll("0", "").length, 0);
      expect(Math.abs(ones / (words.length * 32) - 0.5)).toBeLessThan(0.01);
    }
    const stayed = masked.slice(1);
    // Whoever says that all stayed, though the first one's words are missing, gets nothing.
    const revealed = members.slice(1).map((member) => member.reveal(group, group));
    expect(await codeOfAsync(unmaskedSum(adverts, 3, group, stayed, revealed))).toBe("invalid-argument");
  });

  it("carries the greatest integers through, and negative ones", async () => {
    const { members, adverts, group } = await openGroup(3, 2);
    const terms = [2 ** 52, -(2 ** 52), -1, 0, 2 ** 32, -(2 ** 32), 4294967295, -4294967297];
    const masked = members.map((member, index) =>
      member.mask(
        Float64Array.from(terms, (term) => (index === 0 ? term : 0)),
        group,
      ),
    );
    const revealed = members.map((member) => member.reveal(group, group));
    expect([...(await unmaskedSum(adverts, 2, group, masked, revealed))]).toEqual(terms);
  });

  it("is refused with fewer shares than the threshold, and for lists that do not fit", async () => {
    const { members, adverts, group } = await openGroup(5, 3);
    const masked = members.map((member) => member.mask(Float64Array.of(1), group));
    const revealed: RevealedShares[] = members.map((member) => member.reveal(group, group));
    const sum = (...changes: Partial<[typeof adverts, number, string[], typeof masked, typeof revealed]>) => {
      const [a = adverts, t = 3, g = group, m = masked, r = revealed] = changes;
      return codeOfAsync(unmaskedSum(a, t, g, m, r));
    };
    expect(await sum()).toBe("none");
    expect(await sum(undefined, undefined, undefined, undefined, revealed.slice(0, 2))).toBe(
      "invalid-argument",
    );
    expect(
      await sum(undefined, undefined, undefined, undefined, [revealed[0]!, revealed[0]!, revealed[0]!]),
    ).toBe("invalid-argument");
    expect(await sum(undefined, undefined, undefined, [...masked, masked[0]!])).toBe("invalid-argument");
    expect(await sum(undefined, undefined, group.slice(1))).toBe("invalid-argument");
    expect(await sum([...adverts, adverts[0]!])).toBe("invalid-argument");
    expect(await sum(undefined, 2)).toBe("invalid-argument");
  });
});

describe("what was changed", () => {
  const allOf = async () => {
    const { members, adverts, group } = await openGroup(5, 3);
    const masked = members.map((member) => member.mask(Float64Array.of(1), group)).slice(1);
    const stayed = masked.map(({ from }) => from);
    const revealed = members.slice(1).map((member) => member.reveal(group, stayed));
    const sum = (given: RevealedShares[]) => codeOfAsync(unmaskedSum(adverts, 3, group, masked, given));
    return { revealed, sum, adverts, group, masked };
  };

  it.each(["seeds", "keys"] as const)("one share of the %s is noticed, not summed up", async (kind) => {
    const { revealed, sum } = await allOf();
    expect(await sum(revealed)).toBe("none");
    const owner = kind === "seeds" ? "p2" : "p0";
    for (const change of [
      (share: Uint8Array) => share.map((byte, index) => (index === 3 ? byte ^ 1 : byte)),
      (share: Uint8Array) => share.subarray(1),
      () => new Uint8Array(0),
      () => revealed[1]![kind].get(owner)!,
    ]) {
      const shares = new Map(revealed[0]![kind]).set(owner, change(revealed[0]![kind].get(owner)!));
      expect(await sum([{ ...revealed[0]!, [kind]: shares }, ...revealed.slice(1)])).toBe("invalid-value");
    }
  });

  it("a list that names somebody twice is refused", async () => {
    const { revealed, adverts, group, masked, sum } = await allOf();
    const twice = [...group, "p1"];
    expect(await codeOfAsync(unmaskedSum(adverts, 3, twice, masked, revealed))).toBe("invalid-argument");
    expect(await sum([revealed[0]!, ...revealed])).toBe("invalid-argument");
    const { members } = await openGroup(5, 3);
    expect(codeOf(() => members[0]!.mask(Float64Array.of(1), twice))).toBe("invalid-argument");
    expect(codeOf(() => members[0]!.reveal(twice, group))).toBe("invalid-argument");
  });
});

describe("a participant", () => {
  it("gives no sum of fewer than the threshold", async () => {
    const { members, group } = await openGroup(5, 3);
    const [one] = members as [SecureParticipant];
    expect(codeOf(() => one.mask(Float64Array.of(1), group.slice(0, 2)))).toBe("invalid-argument");
    expect(codeOf(() => one.reveal(group, group.slice(0, 2)))).toBe("invalid-argument");
    expect(codeOf(() => one.reveal(group.slice(1), group.slice(0, 3)))).toBe("invalid-argument");
    one.mask(Float64Array.of(1), group.slice(0, 3));
    one.reveal(group, group.slice(0, 3));
  });

  it("refuses adverts whose keys keep no secret, and names that could be taken for two", async () => {
    const members = [0, 1, 2].map(participant);
    const adverts = members.map(({ advert }) => advert);
    const changed = (change: Partial<(typeof adverts)[0]>) =>
      codeOfAsync(members[0]!.share([adverts[0]!, adverts[1]!, { ...adverts[2]!, ...change }], 2));
    expect(await changed({ id: "p2 p2" })).toBe("invalid-argument");
    expect(await changed({ maskKey: new Uint8Array(31) })).toBe("invalid-argument");
    expect(await changed({ seedMark: undefined as never })).toBe("invalid-argument");
    expect(await changed({ shareKey: new Uint8Array(32) })).toBe("invalid-value");
  });

  it("masks once and reveals once", async () => {
    const { members, group } = await openGroup(3, 2);
    members[0]!.mask(Float64Array.of(1), group);
    expect(codeOf(() => members[0]!.mask(Float64Array.of(2), group))).toBe("invalid-argument");
    members[0]!.reveal(group, group);
    expect(codeOf(() => members[0]!.reveal(group, group.slice(1)))).toBe("invalid-argument");
  });

  it("refuses terms that are no integers, groups it has no shares of, and groups that cannot be", async () => {
    const { members, adverts } = await openGroup(3, 2);
    const group = adverts.map(({ id }) => id);
    expect(codeOf(() => members[0]!.mask(Float64Array.of(0.5), group))).toBe("invalid-argument");
    expect(codeOf(() => members[0]!.mask(Float64Array.of(1), [...group, "p9"]))).toBe("invalid-argument");
    expect(codeOf(() => members[0]!.reveal([...group, "p9"], group))).toBe("invalid-argument");
    expect(await codeOfAsync(members[0]!.share(adverts, 2))).toBe("invalid-argument");
    expect(await codeOfAsync(participant(0).share(adverts.slice(0, 2), 2))).toBe("invalid-argument");
    expect(await codeOfAsync(participant(0).share(adverts, 1))).toBe("invalid-argument");
    expect(await codeOfAsync(participant(7).share(adverts, 2))).toBe("invalid-argument");
  });

  it("notices shares that were changed on their way, and others' post", async () => {
    const members = [0, 1, 2].map(participant);
    const adverts = members.map(({ advert }) => advert);
    const posts = (await Promise.all(members.map((member) => member.share(adverts, 2)))).flat();
    const post = posts.find(({ from, to }) => from === "p0" && to === "p1")!;
    const changed = post.sealed.slice();
    changed[5] = changed[5]! ^ 1;
    expect(codeOf(() => members[1]!.receive({ ...post, sealed: changed }))).toBe("invalid-value");
    expect(codeOf(() => members[1]!.receive({ ...post, sealed: new Uint8Array(3) }))).toBe("invalid-value");
    expect(codeOf(() => members[1]!.receive({ ...post, from: "p2" }))).toBe("invalid-value");
    expect(codeOf(() => members[2]!.receive(post))).toBe("invalid-argument");
    members[1]!.receive(post);
  });
});
