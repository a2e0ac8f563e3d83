// Ctrl-C: the first one asks everything to end cleanly, the second ends it at once.

/** The exit status of a process that Ctrl-C ended. */
export const INTERRUPTED = 130;

/**
 * Aborts the returned signal at the first SIGINT or SIGTERM; at the second calls `force` and exits. A supervised
 * process leaves SIGINT to its parent, which a terminal sends it to as well, and stops when its parent is gone.
 */
export function untilInterrupted(force: () => void = () => {}): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (!controller.signal.aborted) return controller.abort();
    force();
    process.exit(INTERRUPTED);
  };
  process.on("SIGTERM", stop);
  if (process.connected) {
    process.on("SIGINT", () => {});
    process.on("disconnect", () => controller.abort());
    process.channel?.unref();
  } else process.on("SIGINT", stop);
  return controller.signal;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
