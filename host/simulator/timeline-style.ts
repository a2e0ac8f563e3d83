// How the page of a run looks, in light and in dark.
export const TIMELINE_STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --quiet: #66717f; --paper: #fbfbfa; --line: #dfe3e8; --panel: #fff;
  --lag0: #d9eee0; --lag1: #a9d8b8; --lag2: #f3dc8a; --lag3: #efb562; --lag4: #e2803f; --lag5: #b93a32; --down: #3d4653;
  --good: #1e7a46; --bad: #b3261e; --fault: #7d8fb3; --accent: #2f6fdb; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --quiet: #98a3b1; --paper: #14181d; --line: #2b333d;
  --panel: #1b2027; --lag0: #1d3a2b; --lag1: #2c6a48; --lag2: #8a7426; --lag3: #b07a2b; --lag4: #c4622f; --lag5: #d2453b;
  --down: #05070a; --good: #58c98a; --bad: #ff8a80; --fault: #5d6f94; --accent: #7aa8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1280px; padding: 28px 32px 64px; background: var(--paper); color: var(--ink);
  font: 14px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 22px; font-weight: 650; }
h2 { margin: 28px 0 8px; font-size: 15px; font-weight: 650; }
header p { margin: 4px 0 0; font-size: 15px; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; } .quiet { color: var(--quiet); }
.figures { display: flex; flex-wrap: wrap; gap: 8px 28px; margin: 20px 0 12px; }
.figures b { display: block; font-size: 18px; font-weight: 620; font-variant-numeric: tabular-nums; }
.figures span { color: var(--quiet); font-size: 12px; }
.timeline { margin: 0; padding: 12px; background: var(--panel); border: 1px solid var(--line); border-radius: 10px; }
.timeline svg { display: block; width: 100%; height: auto; }
.timeline text { fill: var(--quiet); font: 11px system-ui, sans-serif; }
.timeline text.title { fill: var(--ink); font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 10px 2px; color: var(--quiet); font-size: 12px; }
.legend span { display: inline-flex; align-items: center; gap: 6px; }
.legend i { width: 14px; height: 12px; border-radius: 3px; }
.lag0 { fill: var(--lag0); background: var(--lag0); } .lag1 { fill: var(--lag1); background: var(--lag1); }
.lag2 { fill: var(--lag2); background: var(--lag2); } .lag3 { fill: var(--lag3); background: var(--lag3); }
.lag4 { fill: var(--lag4); background: var(--lag4); } .lag5 { fill: var(--lag5); background: var(--lag5); }
.down { fill: var(--down); background: var(--down); }
.grid { stroke: var(--line); stroke-width: 1; } .fault { fill: var(--fault); }
.mark-end { fill: var(--bad); } .mark-start { fill: var(--good); } .mark-id { fill: var(--accent); }
.mark-store { fill: none; stroke: var(--ink); stroke-width: 1.5; }
.moment { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 3 3; } .moment.bad { stroke: var(--bad); stroke-width: 2; }
.area { fill: var(--accent); opacity: 0.25; } .curve { fill: none; stroke: var(--accent); stroke-width: 1.5; }
.columns { display: grid; grid-template-columns: 3fr 2fr; gap: 0 40px; }
table { border-collapse: collapse; width: 100%; } td, th { padding: 3px 14px 3px 0; text-align: left; font-weight: 400;
  border-bottom: 1px solid var(--line); vertical-align: top; } th { color: var(--quiet); font-size: 12px; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { padding: 10px 14px; overflow-x: auto; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
#hint { position: fixed; max-width: 420px; padding: 6px 10px; border-radius: 6px; background: var(--ink); color: var(--paper);
  font-size: 12px; white-space: pre-line; pointer-events: none; z-index: 1; }
@media (max-width: 800px) { .columns { grid-template-columns: 1fr; } body { padding: 16px; } }
`;
