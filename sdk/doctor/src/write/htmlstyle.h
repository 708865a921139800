// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace Watchword::Doctoring {

/*! The style of the page: light and dark as the reader has it, from a telephone to a wide screen, and on paper. */
constexpr auto kHtmlStyle = R"(
:root{color-scheme:light dark;--ink:#182030;--dim:#5a6577;--paper:#f5f7fa;--card:#fff;--soft:#f0f3f7;--line:#dce2ea;--link:#0b5cad;
--good:#137a48;--good-bg:#e3f5ea;--look:#8a5700;--look-bg:#fdf1d7;--bad:#b4231c;--bad-bg:#fde8e6;--none:#5a6577;--none-bg:#e9edf2;
--sans:Inter,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;--mono:"JetBrains Mono",ui-monospace,SFMono-Regular,Menlo,monospace}
@media(prefers-color-scheme:dark){:root{--ink:#e7ebf2;--dim:#9aa6b8;--paper:#0f1319;--card:#171c25;--soft:#10151c;--line:#2a3240;
--link:#7db7f5;--good:#5fd39a;--good-bg:#12301f;--look:#f0b94d;--look-bg:#352709;--bad:#ff8d83;--bad-bg:#3d1614;--none:#9aa6b8;--none-bg:#222a36}}
*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}
body{margin:0;font:16px/1.55 var(--sans);color:var(--ink);background:var(--paper)}
main{max-width:68rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}a{color:var(--link);text-underline-offset:.15em}p{margin:0}
header{display:flex;gap:1.5rem;align-items:center}
header>div:last-child{min-width:0}.kind{color:var(--dim);font-size:.8rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase}
h1{font-size:1.6rem;line-height:1.25;margin:.1rem 0 .35rem;overflow-wrap:anywhere}.dim{color:var(--dim)}
h2{font-size:1.2rem;margin:2.75rem 0 .9rem}h2 span{color:var(--dim);font-weight:400}
.A{--c:var(--good);--b:var(--good-bg)}.B{--c:var(--look);--b:var(--look-bg)}.C,.D,.F{--c:var(--bad);--b:var(--bad-bg)}.none{--c:var(--none);--b:var(--none-bg)}
.pass{--c:var(--good);--b:var(--good-bg)}.warn{--c:var(--look);--b:var(--look-bg)}.fail{--c:var(--bad);--b:var(--bad-bg)}.skip{--c:var(--none);--b:var(--none-bg)}
.grade{flex:none;width:5.25rem;height:5.25rem;border-radius:1.25rem;display:grid;place-items:center;font-size:3rem;font-weight:700;line-height:1;color:var(--c);background:var(--b)}
.totals{display:flex;flex-wrap:wrap;gap:.5rem;margin:1.5rem 0 0;padding:0;list-style:none}
.pill{color:var(--c);background:var(--b);border-radius:1rem;padding:.1rem .65rem;font-size:.85rem;font-weight:600;white-space:nowrap}
.note{margin-top:1.25rem;padding:.8rem 1rem;border-radius:.6rem;border-left:.25rem solid var(--look);background:var(--look-bg)}
.grades{display:grid;grid-template-columns:repeat(5,1fr);gap:.6rem}
.grades div{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:.75rem .85rem;display:flex;flex-direction:column;gap:.45rem;min-width:0}
.grades b{align-self:flex-start;min-width:2rem;text-align:center;border-radius:.5rem;padding:.05rem .5rem;color:var(--c);background:var(--b)}
.grades span{font-size:.9rem;line-height:1.3}.grades small{display:block;color:var(--dim);font-size:.78rem;margin-top:.25rem}
article{background:var(--card);border:1px solid var(--line);border-left:.3rem solid var(--c);border-radius:.75rem;padding:1.1rem 1.3rem 1.2rem;margin:0 0 1rem}
h3{font-size:1.05rem;line-height:1.35;margin:0 0 .8rem;display:flex;flex-wrap:wrap;gap:.35rem .6rem;align-items:center}
h3 code{font:700 .9rem var(--mono);color:var(--c)}
dl{display:grid;grid-template-columns:3.2rem 1fr;gap:.4rem .9rem;margin:0}dt{color:var(--dim);font-size:.9rem;padding-top:.05rem}dd{margin:0;overflow-wrap:anywhere;max-width:46rem}
dd.more{font-size:.9rem}dd.more a,dd.more span{margin-right:.8rem;white-space:nowrap;display:inline-block}
code{font-family:var(--mono);font-size:.9em}
pre{margin:.9rem 0 0;background:var(--soft);border:1px solid var(--line);border-radius:.5rem;padding:.75rem .9rem;overflow-x:auto;font:.8rem/1.5 var(--mono);white-space:pre-wrap;overflow-wrap:anywhere}
pre .in{color:var(--dim)}
table{border-collapse:separate;border-spacing:0;width:100%;font-size:.92rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;overflow:hidden}
td,th{text-align:left;padding:.45rem .85rem;vertical-align:top;overflow-wrap:anywhere}tr+tr>*{border-top:1px solid var(--line)}
th{background:var(--soft);font-size:.85rem;font-weight:600;white-space:nowrap}td:first-child{width:4rem;font:600 .85rem/1.75 var(--mono)}td:nth-child(2){width:5rem}
td:last-child{color:var(--dim)}td b{display:block;font-weight:500;color:var(--ink)}
footer{margin-top:2.5rem;color:var(--dim);font-size:.88rem}
@media(max-width:52rem){.grades{grid-template-columns:1fr 1fr}.grades div{flex-direction:row;align-items:center}}
@media(max-width:34rem){main{padding:1.4rem 1rem 3rem}header{gap:1rem;align-items:flex-start}.grade{width:3.6rem;height:3.6rem;font-size:2rem;border-radius:.9rem}
h1{font-size:1.2rem}h3{display:block}h3 code{margin-right:.3rem}h3 .pill{display:inline-block}.grades{grid-template-columns:1fr;gap:.35rem}.grades div{padding:.45rem .7rem}dl{grid-template-columns:1fr;gap:.1rem}dd+dt{margin-top:.5rem}
article{padding:.9rem 1rem}td,th{padding:.4rem .55rem}td:first-child{width:3rem}td:nth-child(2){width:4rem}}
@media print{body{background:none;font-size:12px}main{max-width:none;padding:0}.grades{grid-template-columns:repeat(5,1fr)}.grades div{flex-direction:column;align-items:stretch}
.grades div,tr,dl{break-inside:avoid}h2,h3,dl{break-after:avoid}article{padding:.7rem .9rem;margin:0 0 .7rem}h2{margin-top:1.6rem}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)";

} // namespace Watchword::Doctoring
