"""The frame of the report's page: its style sheet and the HTML around its parts; no script, nothing fetched."""

from html import escape

VERDICTS = {"right": "✓ Right", "mixed": "≈ Mixed", "wrong": "✗ Wrong", "warning": "! Warning"}
STYLE = """
:root{--ink:#14171f;--soft:#5b616d;--line:#e3e5ea;--paper:#fff;--ground:#f6f7f9;--model:#c8371f;--tint:#fdf1ee;
--good:#2c7a53;--mixed:#a36a00;--bad:#b3261e;--warn:#7b3fb0}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaef;--soft:#a3a9b6;--line:#2e333d;--paper:#1b1f27;--ground:#12151b;
--model:#ff8166;--tint:#2a1e1d;--good:#6fcf9b;--mixed:#e6b450;--bad:#ff8a80;--warn:#c79bf2}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;-webkit-font-smoothing:antialiased}
main{max-width:1120px;margin:0 auto;padding:44px 28px 64px}
header{border-bottom:2px solid var(--ink);padding-bottom:18px;margin-bottom:26px}
h1{font-size:30px;line-height:1.15;letter-spacing:-.02em;margin:0 0 6px}
h2{font-size:19px;letter-spacing:-.01em;margin:44px 0 4px}
.lead{color:var(--soft);margin:0;max-width:100ch}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:0 26px;margin:0 0 8px}
.facts div{border-bottom:1px solid var(--line);padding:7px 0;min-width:0}
dt{color:var(--soft);font-size:12px}
dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.findings{list-style:none;margin:14px 0 0;padding:0}
.findings li{display:grid;grid-template-columns:84px 1fr;gap:12px;padding:8px 0;border-bottom:1px solid var(--line)}
.verdict{font-weight:650;font-size:13px;line-height:23px}
.right{color:var(--good)}.mixed{color:var(--mixed)}.wrong{color:var(--bad)}.warning{color:var(--warn)}
figure{margin:14px 0 0;background:#fff;border:1px solid var(--line);border-radius:8px;padding:14px;break-inside:avoid}
figure img{display:block;width:100%;height:auto}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:14px}
.wide{overflow-x:auto;background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:4px 16px 10px;
margin-top:14px}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:5px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left;padding-left:0}
thead th{font-size:12.5px;color:var(--soft);font-weight:600;padding-top:12px;border-bottom:1.5px solid var(--ink)}
tbody th{font-weight:650;padding-top:16px;text-align:left}
td.unit{color:var(--soft);text-align:left}
td.m,thead th.m{background:var(--tint)}thead th.m{color:var(--model)}
.v::after{content:"●";font-size:8px;vertical-align:3px;margin-left:3px;color:var(--model);visibility:hidden}
.best{font-weight:750}.best::after{visibility:visible}
td.ref,th.ref{color:var(--soft)}td.first,th.first{border-left:1px solid var(--line)}
.range{color:var(--soft);font-size:11px;display:block;line-height:1.1;margin-right:10px}
.many th,.many td{padding:5px 5px}.many thead th{white-space:normal}.many thead th.m{min-width:90px}
td.reason{text-align:left;white-space:normal}a{color:var(--model)}
footer{color:var(--soft);font-size:13px;margin-top:26px;max-width:90ch}
@media(max-width:760px){.pair{grid-template-columns:1fr}main{padding:24px 14px}}
@media print{:root{--ink:#000;--soft:#444;--line:#ccc;--paper:#fff;--ground:#fff;--model:#b02a14;--tint:#fbf1ef;
--good:#1d6b44;--mixed:#8a5a00;--bad:#a01d16;--warn:#633092}main{max-width:none;padding:0}
.wide{overflow:visible;border:0;padding:0}table{font-size:10.5px}th,td{padding:3px 5px}tr,li{break-inside:avoid}
h2{break-after:avoid}body{font-size:12px}}
"""


def section(title: str, lead: str, body: str) -> str:
    """A part of the page under a heading, with a sentence on how to read it."""
    return f'<section><h2>{escape(title)}</h2><p class="lead">{escape(lead)}</p>{body}</section>'


def page(title: str, lead: str, body: str, notes: str) -> str:
    """The whole document."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" '
        f'content="light dark"><title>{escape(title)}</title><style>{STYLE}</style></head><body><main>'
        f'<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p></header>{body}'
        f"<footer>{notes}</footer></main></body></html>\n"
    )
