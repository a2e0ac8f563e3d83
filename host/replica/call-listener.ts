// Calls listeners of the application so that one that throws stops neither the others nor the merge that told them:
// its error surfaces as an uncaught one, as that of an event listener does.

export function callListener<Event>(listener: (event: Event) => void, event: Event): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
