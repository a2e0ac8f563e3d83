// Relays over a real NATS server: they converge, publish once, forward to their clients, and start from what is stored.
import { afterEach, expect, it } from "vitest";
import { describeWithNats } from "./nats-server.ts";
import { closeAll, createClient, createRelay, openHome, until, untilEqual } from "./relays.ts";

describeWithNats("relays on one backbone", (start) => {
  afterEach(closeAll);

  it("converge, each forwarding to its own clients", async () => {
    const { url } = await start();
    const [left, right] = [await createRelay({ servers: url }), await createRelay({ servers: url })];
    const [writer, reader] = [await createClient(), await createClient()];
    await writer.connect(left.relay.url);
    await reader.connect(right.relay.url);
    const [home, afar] = [await openHome(writer), await openHome(reader)];
    for (let index = 0; index < 200; index++) {
      home.visits.increment();
      afar.settings.set(`key ${index}`, index);
      if (index % 10 === 0) await new Promise(setImmediate);
    }
    await until(
      () => home.settings.size === 200 && afar.visits.value === 200,
      () => [
        home.settings.size,
        afar.visits.value,
        left.backbone.statistics,
        right.backbone.statistics,
        left.events,
        right.events,
      ],
    );
    await untilEqual([left.replica, right.replica, writer, reader]);
    expect([left.backbone.status, right.backbone.status]).toEqual(["online", "online"]);
  });
});
