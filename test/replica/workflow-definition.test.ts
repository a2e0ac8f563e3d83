// Workflow definitions: what is refused when the schema is made, and that equal ones have equal fingerprints.
import { describe, expect, it } from "vitest";
import { WORKFLOW_STATES_MAX, WORKFLOW_TRANSITIONS_MAX } from "../../host/limits.ts";
import { checkWorkflow, workflowRecord } from "../../host/replica/workflow/definition.ts";

const pay = { name: "pay", from: "open", to: "paid" };
const order = { name: "order", states: ["open", "paid"], initial: "open", transitions: [pay] };
const refused = (definition: unknown, message: RegExp) => {
  expect(() => checkWorkflow(definition)).toThrow(
    expect.objectContaining({ code: "invalid-definition", message: expect.stringMatching(message) }),
  );
};

describe("a workflow definition", () => {
  it("comes back as a frozen copy that is accepted again", () => {
    const guard = { has: { context: "total" } };
    const given = { ...order, transitions: [{ ...pay, guard, exclusive: false, roles: ["clerk"] }] };
    const checked = checkWorkflow(given);
    guard.has.context = "changed";
    expect(checked.transitions[0]).toEqual({
      name: "pay",
      from: ["open"],
      to: "paid",
      guard: { has: { context: "total" } },
      roles: ["clerk"],
    });
    expect(Object.isFrozen(checked) && Object.isFrozen(checked.transitions[0])).toBe(true);
    expect(checkWorkflow(workflowRecord(checked))).toEqual(checked);
  });

  it("has the fingerprint of its content", () => {
    const { fingerprint } = checkWorkflow(order);
    expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
    const same = { transitions: [{ to: "paid", from: ["open"], name: "pay" }], initial: "open" };
    expect(checkWorkflow({ ...same, states: ["open", "paid"], name: "order" }).fingerprint).toBe(fingerprint);
    const others = [
      { ...order, name: "other" },
      { ...order, states: ["open", "paid", "sent"] },
      { ...order, initial: "paid" },
      { ...order, transitions: [{ ...pay, exclusive: true }] },
    ];
    expect(new Set([order, ...others].map((each) => checkWorkflow(each).fingerprint)).size).toBe(5);
  });

  it("is refused where it contradicts itself", () => {
    refused(null, /no object/);
    refused({ ...order, name: "" }, /the workflow's name is ""/);
    refused({ ...order, title: "x" }, /"title", which means nothing/);
    refused({ ...order, states: [] }, /1 to 256 names/);
    refused({ ...order, states: ["open", "paid", "open"] }, /states "open" stands there twice/);
    refused({ ...order, initial: "new" }, /initial state "new" is none of its states/);
    refused({ ...order, transitions: {} }, /no array/);
    const withPay = (changed: object) => ({ ...order, transitions: [{ ...pay, ...changed }] });
    refused(withPay({ name: 7 }), /a transition's name is 7/);
    refused({ ...order, transitions: [pay, pay] }, /transition "pay" stands there twice/);
    refused(withPay({ from: "new" }), /"pay" starts from "new" is none/);
    refused(withPay({ from: [] }), /"pay": from is no list/);
    refused(withPay({ to: "sent" }), /"pay" leads to "sent" is none/);
    refused(withPay({ to: undefined }), /leads to undefined is none/);
    refused(withPay({ guards: {} }), /"guards", which means nothing/);
    refused(withPay({ guard: { has: {} } }), /"pay": guard\.has is no operand/);
    refused(withPay({ roles: [] }), /roles is no list/);
    refused(withPay({ exclusive: "yes" }), /exclusive is "yes"/);
    refused(withPay({ compensate: "" }), /compensate is ""/);
    refused(withPay({ timeoutMs: 1000 }), /timeoutMs, an integer from 1, together with timeoutTo/);
    refused(withPay({ timeoutTo: "open" }), /together with timeoutTo/);
    refused(withPay({ timeoutMs: 0, timeoutTo: "open" }), /integer from 1/);
    refused(withPay({ timeoutMs: 5, timeoutTo: "gone" }), /times out to "gone" is none/);
    const unstorable = { left: { value: () => 1 }, is: "==", right: { value: 1 } };
    refused(withPay({ guard: unstorable }), /is a function/);
  });

  it("is refused just over its limits", () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);
    const sized = (states: number, transitions: number) => ({
      name: "big",
      states: names(states),
      initial: "n0",
      transitions: names(transitions).map((name) => ({ name, from: "n0", to: "n0" })),
    });
    checkWorkflow(sized(WORKFLOW_STATES_MAX, WORKFLOW_TRANSITIONS_MAX));
    refused(sized(WORKFLOW_STATES_MAX + 1, 1), /1 to 256 names/);
    refused(sized(1, WORKFLOW_TRANSITIONS_MAX + 1), /at most 1024/);
  });
});
