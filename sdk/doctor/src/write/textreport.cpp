// SPDX-License-Identifier: Apache-2.0
#include "grading.h"
#include "write/baseline.h"
#include "write/writers.h"

#include <QHash>

#include <algorithm>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

constexpr int kNarrowest = 40;
constexpr int kIndent = 8;
constexpr int kGradeEnd = 31; // of the column with the letters

enum class Paint { Plain, Bold, Dim, Green, Yellow, Red };

QString painted(const QString &text, Paint paint, bool colour)
{
    static const QStringList codes{QString(), u"1"_s, u"2"_s, u"32"_s, u"33"_s, u"1;31"_s};
    if (!colour || paint == Paint::Plain)
        return text;
    return u"\x1b["_s + codes.at(int(paint)) + u'm' + text + u"\x1b[0m"_s;
}

Paint paintOf(Finding::Verdict verdict)
{
    switch (verdict) {
    case Finding::Verdict::Pass:
        return Paint::Green;
    case Finding::Verdict::Warn:
        return Paint::Yellow;
    case Finding::Verdict::Fail:
        return Paint::Red;
    case Finding::Verdict::Skipped:
        break;
    }
    return Paint::Dim;
}

// At blanks; a word that is too long is cut. Every line begins with \a indent blanks, the first one with \a label behind them.
QStringList wrapped(const QString &text, int width, int indent, const QString &label = {})
{
    const int first = indent;
    indent += int(label.size());
    const int room = std::max(width - indent, 20);
    QStringList lines;
    QString line;
    const QStringList words = text.split(u' ', Qt::SkipEmptyParts);
    for (QString word : words) {
        if (!line.isEmpty() && line.size() + 1 + word.size() > room) {
            lines.append(QString(indent, u' ') + line);
            line.clear();
        }
        for (; word.size() > room; word = word.mid(room))
            lines.append(QString(indent, u' ') + word.left(room));
        line += line.isEmpty() ? word : u' ' + word;
    }
    if (!line.isEmpty())
        lines.append(QString(indent, u' ') + line);
    if (!label.isEmpty() && !lines.isEmpty())
        lines.first().replace(first, label.size(), label);
    return lines;
}

QString cut(const QString &text, int width)
{
    return text.size() <= width ? text : text.left(std::max(width - 1, 1)) + u"\u2026"_s;
}

QStringList details(const Finding &finding, const Report &report, const ReportStyle &style, int width)
{
    const Check *check = Check::find(finding.checkId);
    QStringList lines;
    if (!check)
        return lines;
    const QString age = ageOf(finding, report, style);
    const QString fresh = age.isEmpty() ? QString() : age + u", "_s;
    const QString head = u"%1  %2 (%3%4)"_s.arg(finding.checkId, -4).arg(check->title, fresh, nameOf(finding.severity()));
    lines.append(QString());
    const QStringList title = wrapped(head, width, 0);
    for (const QString &line : title)
        lines.append(painted(line, finding.verdict == Finding::Verdict::Fail ? Paint::Red : Paint::Yellow, style.colour));
    lines += wrapped(sentence(finding.summary), width, 4, u"Seen: "_s);
    lines += wrapped(check->why, width, 4, u"Why:  "_s);
    lines += wrapped(check->fix, width, 4, u"Fix:  "_s);
    lines += wrapped(check->basis.join(u", "_s), width, 4, u"See:  "_s);
    lines += wrapped(moreAbout(*check, style), width, 4, u"More: "_s);
    for (const QString &line : finding.evidence)
        lines.append(painted(cut(QString(6, u' ') + line, width), Paint::Dim, style.colour));
    return lines;
}

// Each reason once, with the checks that it kept from being made.
QStringList notExamined(const Report &report, int width, bool colour)
{
    QStringList reasons;
    QHash<QString, QStringList> checks;
    for (const Finding &finding : report.findings) {
        if (finding.verdict != Finding::Verdict::Skipped)
            continue;
        if (!checks.contains(finding.summary))
            reasons.append(finding.summary);
        checks[finding.summary].append(finding.checkId);
    }
    std::stable_sort(reasons.begin(), reasons.end(),
                     [&checks](const QString &a, const QString &b) { return checks[a].size() > checks[b].size(); });
    QStringList lines;
    for (const QString &reason : std::as_const(reasons)) {
        const QStringList text = wrapped(sentence(reason) + u": "_s + checks[reason].join(u' '), width, 4);
        for (const QString &line : text)
            lines.append(painted(line, Paint::Dim, colour));
    }
    return lines.isEmpty() ? lines : QStringList{u"Not examined"_s} + lines + QStringList{QString()};
}

} // namespace

QByteArray textLine(const Finding &finding, const ReportStyle &style)
{
    const Check *check = Check::find(finding.checkId);
    const int width = std::max(style.width, kNarrowest);
    const QString title = check ? check->title : QString();
    QString rest = title;
    if (finding.isProblem())
        rest += u": "_s + finding.summary;
    else if (finding.verdict == Finding::Verdict::Skipped) // nothing else says why
        rest = finding.summary;
    if (finding.verdict == Finding::Verdict::Skipped && rest.size() + title.size() + 3 <= width - kIndent - 2)
        rest += u" (%1)"_s.arg(title);
    const QString mark = painted(nameOf(finding.verdict).leftJustified(4), paintOf(finding.verdict), style.colour);
    QStringList lines = wrapped(rest, width, kIndent + 2);
    if (lines.isEmpty())
        lines.append(QString());
    lines.first() = mark + u' ' + finding.checkId.leftJustified(4) + u' ' + lines.first().trimmed();
    return lines.join(u'\n').toUtf8();
}

QByteArray textReport(const Report &report, const ReportStyle &style)
{
    const int width = std::max(style.width, kNarrowest);
    QStringList lines;
    for (const Finding &finding : problemsOf(report))
        lines += details(finding, report, style, width);
    if (!lines.isEmpty())
        lines.append(QString());
    for (const Practice practice : allPractices()) {
        const QString grade = report.grade(practice);
        const Coverage coverage = report.coverage(practice);
        const QString name = u"%1 %2"_s.arg(int(practice), 2).arg(nameOf(practice), -24);
        QString extent = u"%1/%2"_s.arg(coverage.examined, 4).arg(coverage.total, -2);
        if (!coverage.missing.isEmpty())
            extent += u"  without "_s + coverage.missing.join(u", "_s);
        const Paint paint =
            grade.isEmpty() ? Paint::Dim : (grade == "A"_L1 ? Paint::Green : (grade < "C"_L1 ? Paint::Yellow : Paint::Red));
        lines.append(u"  "_s + name + u' ' + painted(grade.isEmpty() ? u"\u2013"_s : grade, paint, style.colour)
                     + cut(extent, width - kGradeEnd));
    }
    lines.append(QString());
    if (!(report.grade() > "B"_L1) && !report.coverage().missing.isEmpty())
        lines +=
            wrapped(u"An A needs every check that matters, any good grade more than half of them. Behind \"without\" stand those "
                    "that were not examined."_s,
                    width, 0)
            + QStringList{QString()};
    if (style.listsSkipped)
        lines += notExamined(report, width, style.colour);
    if (!report.note.isEmpty())
        lines += wrapped(report.note, width, 0);
    if (!report.isComplete)
        lines.append(u"The examination ended early: what is not examined may still be wrong."_s);
    if (const QString since = sinceBaseline(report, style); !since.isEmpty())
        lines += wrapped(since, width, 0);
    lines += wrapped(totals(report), width, 0);
    const QString grade = report.grade();
    const QStringList whole = wrapped(
        u"Grade: %1 (%2)"_s.arg(grade.isEmpty() ? u"none, too little was examined"_s : grade, coverageOf(report)), width, 0);
    for (const QString &line : whole)
        lines.append(painted(line, Paint::Bold, style.colour));
    return lines.join(u'\n').toUtf8() + '\n';
}

} // namespace Watchword::Doctoring
