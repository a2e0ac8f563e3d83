import { it } from "vitest";
import { degrees, overlayFleet } from "./overlay-fleet.ts";

it("degrees", async () => {
  const fleet = await overlayFleet(1, 20, { kind: "partial-mesh" });
  for (let i = 0; i < 10; i++) {
    await fleet.world.run(4_000);
    console.log(degrees(fleet).join(" "));
  }
});
