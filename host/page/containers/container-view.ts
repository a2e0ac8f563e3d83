// What every view of a container is, and what it may ask of the page around it. A view owns its element; it is shown
// when its container changed and somebody looks at it, so it may read the container as a whole, within its bounds.

import type { Change, WorkflowDefinition } from "../../index.ts";

export interface ViewContext {
  /** What people call a replica. */
  nameOf(replica: string): string;
  /** The definition a workflow was opened with, where the page knows it. */
  readonly definition: WorkflowDefinition | undefined;
  /** To be called where the view has something new to show though its container did not change. */
  askForRender(): void;
}

export interface ContainerView {
  readonly root: HTMLElement;
  /** Whether it shows time passing, so that it is to be shown at every render. */
  readonly isLive?: boolean;
  show(): void;
  /** Told each change of its container. */
  noticed?(change: Change): void;
  /** Called when it is taken off the page. */
  close?(): void;
}

/** Rows, items or entries a view lists at most: more than this nobody reads, and a browser lays out slowly. */
export const ITEMS_SHOWN = 200;
