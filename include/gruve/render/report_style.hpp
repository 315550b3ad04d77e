#pragma once

namespace gruve::inline v0_2::internal {

/// The style sheet of the report page; light or dark as the reader's system prefers.
inline constexpr const char* kReportStyle = R"css(
:root { color-scheme: light dark; --back: #f4f5f7; --card: #ffffff; --ink: #1f2328; --soft: #59636e;
  --line: #d8dde3; --paper: #ffffff; --stripe: #f1f3f6; --accent: #0a66c2; --second: #c2560a;
  --on-accent: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --back: #0f1217; --card: #181c23; --ink: #e8ebef; --soft: #9aa4b0; --line: #313842;
    --paper: #12161c; --stripe: #1a1f27; --accent: #5aa9ff; --second: #ffa657; --on-accent: #08131f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 1.6rem 1rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; overflow-wrap: anywhere; }
.subtitle { color: var(--soft); margin: .3rem 0 0; overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem;
  margin-top: 1rem; }
.player { padding: 0; overflow: hidden; }
.list { position: relative; max-height: 13rem; overflow-y: auto; border-bottom: 1px solid var(--line); }
@media (min-width: 56rem) {
  .several { display: grid; grid-template-columns: 16rem minmax(0, 1fr); }
  .list { contain: size; max-height: none; border-bottom: 0; border-right: 1px solid var(--line); } }
.list label { display: grid; grid-template-columns: minmax(1.6em, auto) 1fr auto; gap: 0 .7rem; position: relative;
  padding: .45rem 1rem .45rem .8rem; line-height: 1.35; }
.list label + label { border-top: 1px solid var(--line); }
.list input { appearance: none; position: absolute; inset: 0; margin: 0; cursor: pointer;
  border-left: 4px solid transparent; }
.list input:checked { border-color: var(--accent);
  background: color-mix(in srgb, var(--accent) 14%, transparent); }
.list input:focus-visible { outline-offset: -3px; }
.list span { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.list .number { grid-row: span 2; text-align: right; }
.list .mark { grid-column: 3; grid-row: 1 / span 2; align-self: center; color: var(--second); }
.list .number, .list .about { color: var(--soft); font-size: .85rem; line-height: 1.6; }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: .7rem 1.1rem; padding: .8rem 1rem; }
#play { display: flex; align-items: center; gap: .5rem; border: 0; border-radius: 999px;
  padding: .55rem 1.2rem .55rem 1rem; background: var(--accent); color: var(--on-accent); font: inherit;
  font-weight: 600; cursor: pointer; }
#play svg { width: 1.1em; height: 1.1em; fill: currentColor; }
#play .pause, #play.playing .start { display: none; }
#play.playing .pause { display: block; }
.plain { border: 1px solid var(--line); border-radius: 999px; padding: .3rem .8rem; background: none;
  color: var(--ink); font: inherit; font-size: .93rem; cursor: pointer; }
.plain:hover { border-color: var(--accent); }
.plain[aria-pressed="true"] span { color: var(--second); }
.save { color: var(--soft); font-size: .93rem; }
#time { font-variant-numeric: tabular-nums; min-width: 6.5rem; }
.bar label { display: flex; align-items: center; gap: .5rem; color: var(--soft); }
.bar input { width: 7rem; accent-color: var(--accent); }
.hint { color: var(--soft); font-size: .85rem; margin-left: auto; }
#status:empty { display: none; }
canvas { display: block; width: 100%; touch-action: pan-y; cursor: pointer; }
#roll { height: 21rem; border-top: 1px solid var(--line); }
#overview { height: 3.6rem; border-top: 1px solid var(--line); touch-action: none; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
canvas:focus-visible { outline-offset: -3px; }
.columns { display: grid; gap: 0 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
table { width: 100%; border-collapse: collapse; font-size: .93rem; }
th, td { text-align: left; vertical-align: top; padding: .32rem 0; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; }
tr:first-child > * { border-top: 0; }
th { font-weight: 400; color: var(--soft); padding-right: 1rem; width: 45%; }
td { font-variant-numeric: tabular-nums; }
.curve { overflow-x: auto; }
.curve svg { display: block; width: 100%; min-width: 34rem; height: auto; }
.curve text { fill: var(--soft); font-size: 12px; }
.curve .grid { stroke: var(--line); } .curve .axis { stroke: var(--soft); }
.curve path { fill: none; stroke-width: 2; stroke-linejoin: round; }
.curve .raw { stroke: var(--accent); stroke-width: 1; opacity: .3; }
.curve .train { stroke: var(--accent); } .curve .valid { stroke: var(--second); }
.curve circle { fill: var(--second); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: 0 0 .5rem; font-size: .93rem; }
.legend span::before { content: ""; display: inline-block; width: 1.2em; height: 3px; margin-right: .5em;
  vertical-align: middle; background: var(--accent); }
.legend .valid::before { background: var(--second); }
)css";

}  // namespace gruve::inline v0_2::internal
