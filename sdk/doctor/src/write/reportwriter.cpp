// SPDX-License-Identifier: Apache-2.0
#include "watchword/doctor/reportwriter.h"

#include "write/writers.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;

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
    case ReportFormat::Json: {
        QJsonObject json = report.toJson();
        if (style.baseline) {
            QStringList fresh;
            for (const Finding &finding : report.newSince(*style.baseline))
                fresh.append(finding.checkId);
            json.insert("new"_L1, QJsonArray::fromStringList(fresh));
        }
        return QJsonDocument(json).toJson(QJsonDocument::Indented);
    }
    case ReportFormat::Sarif:
        return Doctoring::sarifReport(report, style);
    case ReportFormat::JUnit:
        return Doctoring::junitReport(report);
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

bool isNew(const Finding &finding, const Report &report, const ReportStyle &style)
{
    return style.baseline && report.newSince(*style.baseline).contains(finding);
}

QList<Finding> problemsOf(const Report &report)
{
    QList<Finding> list;
    std::copy_if(report.findings.begin(), report.findings.end(), std::back_inserter(list),
                 [](const Finding &finding) { return finding.isProblem(); });
    const auto weight = [](const Finding &finding) {
        const Check *check = Check::find(finding.checkId);
        const int severity = check ? int(check->severity) : 0;
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
    return u"%1 failed, %2 to look at, %3 passed, %4 not examined; %5 requests in %6 s"_s.arg(report.count(Verdict::Fail))
        .arg(report.count(Verdict::Warn))
        .arg(report.count(Verdict::Pass))
        .arg(report.count(Verdict::Skipped))
        .arg(report.requests)
        .arg(double(report.took.count()) / 1000, 0, 'f', 1);
}

} // namespace Doctoring

} // namespace Watchword
