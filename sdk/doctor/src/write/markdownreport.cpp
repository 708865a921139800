// SPDX-License-Identifier: Apache-2.0
#include "grading.h"
#include "write/baseline.h"
#include "write/writers.h"

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

// Text of a server must not become a link, an image or a tag; GitHub makes links and notices also of "https://", "www." and "@".
QString plain(const QString &text)
{
    QString result;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const QStringView rest = QStringView(text).sliced(i);
        const bool isLink =
            rest.startsWith("://"_L1) || (rest.startsWith(u'.') && result.endsWith("www"_L1, Qt::CaseInsensitive));
        if (isLink || QStringLiteral("\\`*_{}[]<>()#+!|~&@").contains(text.at(i)))
            result += u'\\';
        result += text.at(i);
    }
    return result;
}

QString fenced(const QStringList &lines)
{
    QString fence = u"```"_s;
    const QString text = lines.join(u'\n');
    while (text.contains(fence))
        fence += u'`';
    return fence + u"text\n"_s + text + u'\n' + fence;
}

} // namespace

QByteArray markdownReport(const Report &report, const ReportStyle &style)
{
    QStringList lines;
    lines.append(u"# Watchword doctor: "_s + plain(report.endpoint.toString()));
    lines.append(QString());
    lines.append(u"Grade: **%1** (%2). %3."_s.arg(report.grade().isEmpty() ? u"none, too little was examined"_s : report.grade(),
                                                  coverageOf(report), totals(report)));
    if (const QString since = sinceBaseline(report, style); !since.isEmpty())
        lines.append(u'\n' + since);
    if (!report.note.isEmpty())
        lines.append(u"\n"_s + plain(report.note));
    lines.append(u"\n| # | practice | grade | examined | without |\n|---|---|---|---|---|"_s);
    for (const Practice practice : allPractices()) {
        const QString grade = report.grade(practice);
        const Coverage coverage = report.coverage(practice);
        lines.append(u"| %1 | %2 | %3 | %4 of %5 | %6 |"_s.arg(int(practice))
                         .arg(nameOf(practice), grade.isEmpty() ? u"none"_s : grade)
                         .arg(coverage.examined)
                         .arg(coverage.total)
                         .arg(coverage.missing.join(u", "_s)));
    }
    lines.append(u'\n' + QString::fromLatin1(kHowGraded));
    for (const Finding &finding : problemsOf(report)) {
        const Check *check = Check::find(finding.checkId);
        const QString age = ageOf(finding, report, style);
        lines.append(u"\n## %1: %2 (%3%4)\n"_s.arg(finding.checkId, check->title, nameOf(finding.severity()),
                                                   age.isEmpty() ? QString() : u", "_s + age));
        lines.append(u"Seen: %1\n"_s.arg(plain(sentence(finding.summary))));
        lines.append(u"Why: %1\n"_s.arg(check->why));
        lines.append(u"Fix: %1\n"_s.arg(check->fix));
        const QString more = moreAbout(*check, style);
        lines.append(u"See %1, %2."_s.arg(check->basis.join(u", "_s),
                                          style.guide.isEmpty() ? u"`"_s + more + u"`"_s : u"[the guide](%1)"_s.arg(more)));
        if (!finding.evidence.isEmpty())
            lines.append(u'\n' + fenced(finding.evidence));
    }
    lines.append(u"\n## All checks\n\n| check | | what was seen |\n|---|---|---|"_s);
    for (const Finding &finding : report.findings)
        lines.append(u"| %1 | %2 | %3 |"_s.arg(finding.checkId, nameOf(finding.verdict), plain(finding.summary)));
    return lines.join(u'\n').toUtf8() + '\n';
}

} // namespace Watchword::Doctoring
