// SPDX-License-Identifier: Apache-2.0
#include "grading.h"
#include "write/baseline.h"
#include "write/htmlstyle.h"
#include "write/writers.h"

#include <QRegularExpression>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

QString e(const QString &text)
{
    return text.toHtmlEscaped();
}

QString classOf(const QString &grade)
{
    return grade.isEmpty() ? u"none"_s : grade;
}

QString letterOf(const QString &grade)
{
    return grade.isEmpty() ? u"\u2013"_s : grade;
}

QString counted(int count, Finding::Verdict verdict, const QString &words)
{
    return count == 0 ? QString() : u"<li class=\"pill %1\">%2 %3</li>"_s.arg(nameOf(verdict)).arg(count).arg(words);
}

QString gradeBox(Practice practice, const Report &report)
{
    const QString grade = report.grade(practice);
    const Coverage coverage = report.coverage(practice);
    const QString missing = coverage.missing.isEmpty() ? QString() : u", without "_s + e(coverage.missing.join(u", "_s));
    return u"<div class=\"%1\"><b>%2</b><span>%3. %4<small>%5 of %6 checks%7</small></span></div>"_s
        .arg(classOf(grade), letterOf(grade))
        .arg(int(practice))
        .arg(e(nameOf(practice)))
        .arg(coverage.examined)
        .arg(coverage.total)
        .arg(missing);
}

// RFCs and weaknesses have places where everybody finds them.
QString linked(const QString &basis)
{
    static const QRegularExpression rfc(u"^RFC (\\d+)(?: section ([\\d.]+))?$"_s);
    static const QRegularExpression weakness(u"^CWE-(\\d+)$"_s);
    QString address;
    if (const auto match = rfc.match(basis); match.hasMatch()) {
        address = u"https://www.rfc-editor.org/rfc/rfc"_s + match.captured(1) + u".html"_s;
        if (match.hasCaptured(2))
            address += u"#section-"_s + match.captured(2);
    } else if (const auto match = weakness.match(basis); match.hasMatch()) {
        address = u"https://cwe.mitre.org/data/definitions/%1.html"_s.arg(match.captured(1));
    }
    return address.isEmpty() ? u"<span>%1</span>"_s.arg(e(basis)) : u"<a href=\"%1\">%2</a>"_s.arg(address, e(basis));
}

QString references(const Check &check, const ReportStyle &style)
{
    QString html;
    for (const QString &basis : check.basis)
        html += linked(basis) + u' ';
    const QString more = e(moreAbout(check, style));
    return html + (style.guide.isEmpty() ? u"<span><code>%1</code></span>"_s : u"<a href=\"%1\">Guide</a>"_s).arg(more);
}

// What was sent, and what was answered.
QString exchange(const QStringList &lines)
{
    QString html;
    for (const QString &line : lines)
        html += (line.startsWith(u'<') ? u"<span class=\"in\">%1</span>\n"_s : u"%1\n"_s).arg(e(line));
    return u"<pre>"_s + html.trimmed() + u"</pre>"_s;
}

QString article(const Finding &finding, const Report &report, const ReportStyle &style)
{
    const Check *check = Check::find(finding.checkId);
    if (!check)
        return {};
    const QString verdict = nameOf(finding.verdict);
    const QString age = ageOf(finding, report, style);
    const QString fresh = age.isEmpty() ? QString() : u" <span class=\"pill none\">%1</span>"_s.arg(age);
    QString html = u"<article class=\"%1\" id=\"%2\"><h3><code>%2</code> %3 <span class=\"pill\">%4</span>%5</h3><dl>"_s.arg(
        verdict, e(finding.checkId), e(check->title), nameOf(finding.severity()), fresh);
    html += u"<dt>Seen</dt><dd>%1</dd>"_s.arg(e(sentence(finding.summary)));
    html += u"<dt>Why</dt><dd>%1</dd>"_s.arg(e(check->why));
    html += u"<dt>Fix</dt><dd>%1</dd>"_s.arg(e(check->fix));
    html += u"<dt>See</dt><dd class=\"more\">%1</dd></dl>"_s.arg(references(*check, style));
    if (!finding.evidence.isEmpty())
        html += exchange(finding.evidence);
    return html + u"</article>\n"_s;
}

QString head(const Report &report, const ReportStyle &style)
{
    using Verdict = Finding::Verdict;
    const QString grade = report.grade();
    QString html = u"<header><div class=\"grade %1\" title=\"Grade of %3\">%2</div>"_s.arg(classOf(grade), letterOf(grade),
                                                                                           coverageOf(report));
    html +=
        u"<div><p class=\"kind\">Watchword doctor</p><h1>%1</h1><p class=\"dim\">%2 UTC \u00b7 %3 requests in %4 s \u00b7 %5</p></div></header>\n"_s
            .arg(e(report.endpoint.toString()), report.startedAt.toUTC().toString(u"yyyy-MM-dd hh:mm"_s),
                 QString::number(report.requests), QString::number(double(report.took.count()) / 1000, 'f', 1),
                 coverageOf(report));
    html += u"<ul class=\"totals\">"_s + counted(report.count(Verdict::Fail), Verdict::Fail, u"failed"_s)
        + counted(report.count(Verdict::Warn), Verdict::Warn, u"warned"_s)
        + counted(report.count(Verdict::Pass), Verdict::Pass, u"passed"_s)
        + counted(report.count(Verdict::Skipped), Verdict::Skipped, u"not examined"_s) + u"</ul>\n"_s;
    if (const QString since = sinceBaseline(report, style); !since.isEmpty())
        html += u"<p class=\"note\">%1</p>\n"_s.arg(e(since));
    if (!report.note.isEmpty())
        html += u"<p class=\"note\">%1</p>\n"_s.arg(e(report.note));
    if (!report.isComplete)
        html += u"<p class=\"note\">The examination ended early: what is not examined may still be wrong.</p>\n"_s;
    return html;
}

QString allChecks(const Report &report)
{
    QString html = u"<h2>All checks</h2>\n<table><tr><th>Check</th><th></th><th>What was seen</th></tr>\n"_s;
    for (const Finding &finding : report.findings) {
        const Check *check = Check::find(finding.checkId);
        const QString verdict = nameOf(finding.verdict);
        html += u"<tr><td>%1</td><td><span class=\"pill %2\">%2</span></td><td><b>%3</b>%4</td></tr>\n"_s.arg(
            e(finding.checkId), verdict, check ? e(check->title) : QString(), e(sentence(finding.summary)));
    }
    return html + u"</table>\n"_s;
}

} // namespace

QByteArray htmlReport(const Report &report, const ReportStyle &style)
{
    // No script, and nothing from elsewhere: what a server said cannot become either.
    QString html = u"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                   u"content=\"width=device-width,initial-scale=1\">"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
                   "<meta name=\"referrer\" content=\"no-referrer\"><title>"_s
        + letterOf(report.grade()) + u" \u00b7 "_s + e(report.endpoint.toString()) + u" \u00b7 Watchword doctor</title><style>"_s
        + QString::fromLatin1(kHtmlStyle) + u"</style></head><body><main>\n"_s;
    html += head(report, style);
    html += u"<h2>Ten practices</h2>\n<div class=\"grades\">"_s;
    for (const Practice practice : allPractices())
        html += gradeBox(practice, report);
    html += u"</div>\n"_s;
    const QList<Finding> problems = problemsOf(report);
    html += problems.isEmpty() ? u"<h2>Nothing found</h2>\n<p class=\"dim\">No check that was made found a problem.</p>\n"_s
                               : u"<h2>Found <span>%1</span></h2>\n"_s.arg(problems.size());
    for (const Finding &finding : problems)
        html += article(finding, report, style);
    html += allChecks(report);
    html += u"<footer>%1</footer></main></body></html>\n"_s.arg(e(QString::fromLatin1(kHowGraded)));
    return html.toUtf8();
}

} // namespace Watchword::Doctoring
