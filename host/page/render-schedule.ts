// At most so many renders a second however fast the documents change, the last state always shown, and none at all
// while nobody looks at the page.

/** Between two renders: five a second reads as smooth and leaves the processor to the agents. */
const RENDER_MS = 200;

/** Returns a function that asks for a render soon. */
export function scheduleRenders(render: () => void): () => void {
  let isScheduled = false;
  let lastMs = Number.NEGATIVE_INFINITY;
  const run = () => {
    isScheduled = false;
    if (document.hidden) return;
    lastMs = performance.now();
    render();
  };
  const ask = () => {
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(run, Math.max(0, lastMs + RENDER_MS - performance.now()));
  };
  document.addEventListener("visibilitychange", ask);
  return ask;
}
