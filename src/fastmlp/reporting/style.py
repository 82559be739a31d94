"""The style sheet of the page."""

STYLE = """
:root {
  --ink: #1b1f24; --muted: #57606a; --line: #d5dae0; --card: #ffffff; --paper: #f5f6f8; --accent: #0b62b8;
  --series-1: #1f6fb5; --series-2: #c2410c; --series-3: #1a7f4b; --series-4: #8a3fb0; --series-5: #8a6d00;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e8ec; --muted: #a3adb8; --line: #3a424c; --card: #1d2229; --paper: #14181d; --accent: #7cb8f2;
    --series-1: #6db3f2; --series-2: #ff9b6a; --series-3: #63cf95; --series-4: #cf9bea; --series-5: #dcc04a;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0 auto; max-width: 84rem; background: var(--paper); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  display: grid; grid-template-columns: 14rem minmax(0, 1fr); gap: 0 2.5rem; padding: 0 2rem;
}
a { color: var(--accent); }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible {
  outline: 3px solid var(--accent); outline-offset: 2px;
}
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: 0.5rem 1rem; z-index: 1; }
nav {
  position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 2.4rem 0;
  font-size: 0.9rem;
}
nav .contents { margin: 0 0 0.4rem; font-weight: 600; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li { margin: 0; border-left: 2px solid var(--line); }
nav a { display: block; padding: 0.25rem 0 0.25rem 0.8rem; text-decoration: none; }
nav a:hover { text-decoration: underline; }
main { padding: 2rem 0 4rem; min-width: 0; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 0.5rem; letter-spacing: -0.01em; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 0.8rem; }
.lead { margin: 0 0 1.2rem; color: var(--muted); font-size: 1.05rem; max-width: 48rem; }
p, ul { max-width: 48rem; margin: 0 0 1rem; }
section { margin: 2.2rem 0 0; padding-top: 1.8rem; border-top: 1px solid var(--line); }
.headline { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 1rem; margin: 0; }
.headline div {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.9rem 1.1rem;
}
.headline dt { color: var(--muted); font-size: 0.9rem; }
.headline dd {
  margin: 0; font-size: 1.8rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums;
}
.headline .meaning { font-size: 0.82rem; font-weight: 400; line-height: 1.4; color: var(--muted); }
section dl { margin: 0 0 1rem; }
section dl div {
  display: grid; grid-template-columns: 11rem minmax(0, 1fr); gap: 0 1rem; padding: 0.35rem 0;
  border-bottom: 1px solid var(--line);
}
section dt { color: var(--muted); }
section dd { margin: 0; }
.pair {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem;
  align-items: start; margin: 0 0 1rem;
}
figure {
  margin: 0 0 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 0.8rem; min-width: 0;
}
.pair figure { margin: 0; }
section > figure { max-width: 38rem; }
figcaption { font-size: 0.85rem; line-height: 1.45; color: var(--muted); margin-top: 0.5rem; }
figcaption strong { color: var(--ink); }
svg { display: block; width: 100%; height: auto; }
svg * { stroke-linejoin: round; stroke-linecap: butt; }
svg text {
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
}
.scroll { overflow-x: auto; margin: 0 0 1rem; max-width: 100%; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0 0 0.4rem; font-size: 0.9rem; }
th, td {
  padding: 0.3rem 1.2rem 0.3rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  text-align: left;
}
th { font-weight: 400; }
thead th { color: var(--muted); border-bottom: 2px solid var(--line); }
.number { text-align: right; white-space: nowrap; }
thead th { overflow-wrap: normal; hyphens: auto; }
thead .number { white-space: normal; }
.text { min-width: 8rem; max-width: 34rem; }
details { margin: 0 0 1rem; }
summary { cursor: pointer; color: var(--accent); padding: 0.2rem 0; }
details[open] > summary { margin-bottom: 0.6rem; }
pre {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.8rem 1rem;
  overflow-x: auto; font-size: 0.85rem; user-select: all; -webkit-user-select: all; white-space: pre-wrap;
}
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (max-width: 60rem) {
  body { display: block; padding: 0 1rem; }
  nav { position: static; max-height: none; padding: 1.2rem 0 0; }
  nav ul { columns: 2; column-gap: 1rem; }
  nav li { break-inside: avoid; }
  main { padding-top: 1.2rem; }
  h1 { font-size: 1.5rem; }
  figure { padding: 0.5rem; }
  section dl div { grid-template-columns: minmax(0, 1fr); }
}
@media print {
  body { display: block; max-width: none; padding: 0; background: none; font-size: 10pt; }
  nav, .skip { display: none; }
  figure, .headline div, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  .scroll { overflow: visible; }
}
"""
