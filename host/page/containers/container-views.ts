// The view each kind of container deserves.

import { boundedView } from "./bounded-view.ts";
import { multiMapView, multiValueView } from "./candidates-view.ts";
import type { AnyHandle } from "./container-handles.ts";
import type { ContainerView, ViewContext } from "./container-view.ts";
import { counterView } from "./counter-view.ts";
import { graphView } from "./graph/graph-view.ts";
import { listView } from "./list-view.ts";
import { logView } from "./log-view.ts";
import { mapView } from "./map-view.ts";
import { seriesView } from "./series/series-view.ts";
import { setView } from "./set-view.ts";
import { extremeView, flagView, registerView } from "./single-value-view.ts";
import { voteView } from "./vote-view.ts";
import { workflowView } from "./workflow/workflow-view.ts";

export function viewOfContainer(handle: AnyHandle, context: ViewContext): ContainerView {
  switch (handle.type) {
    case "bounded":
      return boundedView(handle, context);
    case "counter":
      return counterView(handle, context);
    case "flag":
      return flagView(handle);
    case "graph":
      return graphView(handle, context);
    case "list":
      return listView(handle);
    case "log":
      return logView(handle, context);
    case "map":
      return mapView(handle, context);
    case "maximum":
    case "minimum":
      return extremeView(handle);
    case "multi-map":
      return multiMapView(handle, context);
    case "multi-value":
      return multiValueView(handle, context);
    case "register":
      return registerView(handle);
    case "series":
      return seriesView(handle, context.askForRender);
    case "set":
      return setView(handle, context);
    case "vote":
      return voteView(handle, context);
    case "workflow":
      return workflowView(handle, context);
  }
}
