// Suites that need `nats-server`. Where the program is not installed they say so and skip; with CI=true that is a failure.
import { afterAll, afterEach, describe, it } from "vitest";
import { createNatsServer, isNatsInstalled, type NatsServer } from "./nats-server.ts";

/** A suite that needs `nats-server`; `start` gives a server that ends with its test. */
export function describeWithNats(name: string, suite: (start: () => Promise<NatsServer>) => void): void {
  if (!isNatsInstalled()) {
    const reason = "nats-server is not installed (apt-get install nats-server)";
    describe(name, () => {
      if (process.env.CI === "true") {
        it(`runs: ${reason}`, () => {
          throw new Error(reason);
        });
      } else it.skip(`skipped: ${reason}`, () => {});
    });
    return;
  }
  describe(name, () => {
    const servers: NatsServer[] = [];
    const removeAll = () => Promise.all(servers.splice(0).map((server) => server.remove()));
    afterEach(async () => void (await removeAll()));
    afterAll(async () => void (await removeAll()));
    suite(async () => {
      const server = await createNatsServer();
      servers.push(server);
      return server;
    });
  });
}
