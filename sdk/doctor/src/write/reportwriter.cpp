// SPDX-License-Identifier: Apache-2.0
#include "watchword/doctor/reportwriter.h"

#include "write/baseline.h"
#include "write/writers.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

QJsonObject jsonOf(const Report &report, const ReportStyle &style)
{
    QJsonObject json = report.toJson();
    if (!style.baseline)
        return json;
    const auto ids = [](const QList<Finding> &list) { return QJsonArray::fromStringList(Doctoring::idsOf(list)); };
    const Changes changes = report.since(*style.baseline);
    QJsonObject baseline{{u"new"_s, ids(changes.fresh)},
                         {u"known"_s, ids(changes.known)},
                         {u"fixed"_s, ids(changes.fixed)},
                         {u"unseen"_s, ids(changes.unseen)}};
    if (style.baseline->startedAt.isValid())
        baseline.insert("started_at"_L1, style.baseline->startedAt.toUTC().toString(Qt::ISODateWithMs));
    json.insert("baseline"_L1, baseline);
    json.insert("new"_L1, ids(changes.fresh));
    QJsonArray findings = json.value("findings"_L1).toArray();
    for (qsizetype i = 0; i < findings.size(); ++i) {
        const QString age = Doctoring::ageOf(report.findings.at(i), report, style);
        QJsonObject finding = findings.at(i).toObject();
        if (!age.isEmpty())
            finding.insert("baseline"_L1, age);
        findings.replace(i, finding);
    }
    json.insert("findings"_L1, findings);
    return json;
}

} // namespace

std::optional<ReportFormat> reportFormatOf(const QString &name)
{
    static const QList<std::pair<QString, ReportFormat>> names{
        {u"text"_s, ReportFormat::Text},   {u"json"_s, ReportFormat::Json},         {u"sarif"_s, ReportFormat::Sarif},
        {u"junit"_s, ReportFormat::JUnit}, {u"markdown"_s, ReportFormat::Markdown}, {u"html"_s, ReportFormat::Html}};
    for (const auto &[known, format] : names) {
        if (known == name)
            return format;
    }
    return {};
}

QByteArray writeReport(const Report &report, ReportFormat format, const ReportStyle &style)
{
    switch (format) {
    case ReportFormat::Text:
        return Doctoring::textReport(report, style);
    case ReportFormat::Json:
        return QJsonDocument(jsonOf(report, style)).toJson(QJsonDocument::Indented);
    case ReportFormat::Sarif:
        return Doctoring::sarifReport(report, style);
    case ReportFormat::JUnit:
        return Doctoring::junitReport(report, style);
    case ReportFormat::Markdown:
        return Doctoring::markdownReport(report, style);
    case ReportFormat::Html:
        return Doctoring::htmlReport(report, style);
    }
    return {};
}

QByteArray writeLine(const Finding &finding, const ReportStyle &style)
{
    return Doctoring::textLine(finding, style);
}

namespace Doctoring {

const char kHowGraded[] = "The worst problem caps a grade. A practice has an A only if every check that matters of it was "
                          "examined, at most a B if more "
                          "than half of them were, and else none. The whole has the grade of its worst practice.";

QList<Finding> problemsOf(const Report &report)
{
    QList<Finding> list;
    std::copy_if(report.findings.begin(), report.findings.end(), std::back_inserter(list),
                 [](const Finding &finding) { return finding.isProblem(); });
    const auto weight = [](const Finding &finding) {
        const int severity = int(finding.severity());
        return finding.verdict == Finding::Verdict::Fail ? severity + 10 : severity;
    };
    std::stable_sort(list.begin(), list.end(), [weight](const Finding &a, const Finding &b) { return weight(a) > weight(b); });
    return list;
}

QString sentence(const QString &summary)
{
    return summary.isEmpty() ? summary : summary.at(0).toUpper() + summary.mid(1);
}

QString moreAbout(const Check &check, const ReportStyle &style)
{
    if (!style.guide.isEmpty())
        return style.guide.resolved(QUrl(check.guidePage())).toString(QUrl::FullyEncoded);
    return u"watchword doctor --explain "_s + check.id;
}

QString totals(const Report &report)
{
    using Verdict = Finding::Verdict;
    return u"%1 failed, %2 warned, %3 passed, %4 not examined; %5 requests in %6 s"_s.arg(report.count(Verdict::Fail))
        .arg(report.count(Verdict::Warn))
        .arg(report.count(Verdict::Pass))
        .arg(report.count(Verdict::Skipped))
        .arg(report.requests)
        .arg(double(report.took.count()) / 1000, 0, 'f', 1);
}

QString coverageOf(const Report &report)
{
    const Coverage coverage = report.coverage();
    return u"%1 of %2 checks, %3 of 10 practices"_s.arg(coverage.examined).arg(coverage.total).arg(report.graded());
}

} // namespace Doctoring

} // namespace Watchword
