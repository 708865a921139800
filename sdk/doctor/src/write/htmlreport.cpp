// SPDX-License-Identifier: Apache-2.0
#include "grading.h"
#include "write/writers.h"

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

constexpr auto kStyle = R"(
:root{color-scheme:light dark;--ink:#1d2330;--paper:#fff;--soft:#f3f5f8;--line:#d9dee6;--good:#1a7f4b;--look:#8a5a00;--bad:#b3261e;--dim:#5b6474}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--paper:#14171d;--soft:#1d222b;--line:#333b47;--good:#5fd39a;--look:#f0b94d;--bad:#ff8a80;--dim:#9aa4b5}}
*{box-sizing:border-box}body{margin:0 auto;padding:2rem 1.25rem;max-width:62rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.5rem;margin:0 0 .25rem;overflow-wrap:anywhere}h2{font-size:1.15rem;margin:2.25rem 0 .75rem}h3{font-size:1rem;margin:0}
p{margin:.4rem 0}.dim{color:var(--dim)}.grades{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:.5rem;margin-top:1.25rem}
.grade{background:var(--soft);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .75rem;display:flex;gap:.75rem;align-items:center}
.letter{font-size:1.5rem;font-weight:700;min-width:1.2rem;text-align:center}.pass,.A{color:var(--good)}.warn,.B{color:var(--look)}.fail,.C,.D,.F{color:var(--bad)}.skip,.none{color:var(--dim)}
article{border:1px solid var(--line);border-radius:.5rem;padding:1rem;margin:.75rem 0}pre{background:var(--soft);padding:.75rem;border-radius:.4rem;overflow-x:auto;font:13px/1.45 ui-monospace,monospace}
table{border-collapse:collapse;width:100%;font-size:.92rem}td,th{text-align:left;padding:.35rem .5rem;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
td:first-child,td:nth-child(2){white-space:nowrap}.tag{font-size:.8rem;border:1px solid currentColor;border-radius:1rem;padding:0 .5rem;margin-left:.4rem}
)";

QString e(const QString &text)
{
    return text.toHtmlEscaped();
}

QString gradeBox(Practice practice, const QString &grade)
{
    const QString letter = grade.isEmpty() ? u"\u2013"_s : grade;
    return u"<div class=\"grade\"><span class=\"letter %1\">%2</span><span>%3</span></div>"_s.arg(
        grade.isEmpty() ? u"none"_s : grade, letter, e(nameOf(practice)));
}

QString article(const Finding &finding, const Report &report, const ReportStyle &style)
{
    const Check *check = Check::find(finding.checkId);
    const QString fresh = isNew(finding, report, style) ? u"<span class=\"tag\">new</span>"_s : QString();
    QString html = u"<article><h3 class=\"%1\">%2 \u00b7 %3<span class=\"tag\">%4</span>%5</h3>"_s.arg(
        nameOf(finding.verdict), e(finding.checkId), e(check->title), nameOf(check->severity), fresh);
    html += u"<p><b>Seen</b> %1</p>"_s.arg(e(finding.summary));
    html += u"<p><b>Why</b> %1</p>"_s.arg(e(check->why));
    html += u"<p><b>Fix</b> %1</p>"_s.arg(e(check->fix));
    html += u"<p class=\"dim\">%1 \u00b7 <a href=\"%2\">guide</a></p>"_s.arg(e(check->basis.join(u" \u00b7 "_s)),
                                                                             e(check->guideUrl()));
    if (!finding.evidence.isEmpty())
        html += u"<pre>"_s + e(finding.evidence.join(u'\n')) + u"</pre>"_s;
    return html + u"</article>\n"_s;
}

} // namespace

QByteArray htmlReport(const Report &report, const ReportStyle &style)
{
    const QString grade = report.grade();
    const QString title = u"Watchword doctor: "_s + report.endpoint.toString();
    // No script, and nothing from elsewhere: what a server said cannot become either.
    QString html =
        u"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>"_s
        + e(title) + u"</title><style>"_s + QString::fromLatin1(kStyle) + u"</style></head><body>\n"_s;
    html += u"<h1>%1</h1><p>Grade of what was examined: <b class=\"%2\">%3</b></p><p class=\"dim\">%4 \u00b7 %5</p>"_s.arg(
        e(report.endpoint.toString()), grade.isEmpty() ? u"none"_s : grade, grade.isEmpty() ? u"none"_s : grade,
        e(report.startedAt.toUTC().toString(Qt::ISODate)), e(totals(report)));
    if (!report.note.isEmpty())
        html += u"<p><b>%1</b></p>"_s.arg(e(report.note));
    html += u"<div class=\"grades\">"_s;
    for (const Practice practice : allPractices())
        html += gradeBox(practice, report.grade(practice));
    html += u"</div>\n"_s;
    const QList<Finding> problems = problemsOf(report);
    html += problems.isEmpty() ? u"<h2>Nothing found</h2>\n"_s : u"<h2>Found</h2>\n"_s;
    for (const Finding &finding : problems)
        html += article(finding, report, style);
    html += u"<h2>All checks</h2><table><tr><th>Check</th><th></th><th>What was seen</th></tr>\n"_s;
    for (const Finding &finding : report.findings) {
        html += u"<tr><td>%1</td><td class=\"%2\">%2</td><td>%3</td></tr>\n"_s.arg(e(finding.checkId), nameOf(finding.verdict),
                                                                                   e(finding.summary));
    }
    return (html + u"</table></body></html>\n"_s).toUtf8();
}

} // namespace Watchword::Doctoring
