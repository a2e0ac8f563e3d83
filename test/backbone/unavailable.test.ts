// A backbone where its optional packages are not installed.
import { expect, it, vi } from "vitest";
import { joinBackbone } from "../../host/backbone/index.ts";
import { createReplica } from "../../host/index.ts";

vi.mock("@nats-io/kv", () => {
  throw new Error("Cannot find package '@nats-io/kv'");
});

it("says which packages to install", async () => {
  const replica = await createReplica({ engine: "baseline" });
  await expect(joinBackbone(replica, { servers: "nats://127.0.0.1:4222" })).rejects.toMatchObject({
    code: "backbone-unavailable",
    message: expect.stringContaining(
      "npm install @nats-io/transport-node @nats-io/jetstream @nats-io/kv @nats-io/obj",
    ),
  });
  await replica.close();
});
