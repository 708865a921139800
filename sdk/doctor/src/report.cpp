// SPDX-License-Identifier: Apache-2.0
#include "watchword/doctor/report.h"

#include "grading.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr int kVersion = 1;
constexpr qsizetype kLargestReport = qsizetype(16) * 1024 * 1024;

QJsonObject jsonOf(const Finding &finding)
{
    QJsonObject object{{u"check"_s, finding.checkId}, {u"verdict"_s, nameOf(finding.verdict)}, {u"summary"_s, finding.summary}};
    if (!finding.evidence.isEmpty())
        object.insert("evidence"_L1, QJsonArray::fromStringList(finding.evidence));
    if (const Check *check = Check::find(finding.checkId)) {
        object.insert("title"_L1, check->title);
        object.insert("practice"_L1, int(check->practice));
        object.insert("severity"_L1, nameOf(check->severity));
        if (finding.isProblem()) {
            object.insert("why"_L1, check->why);
            object.insert("fix"_L1, check->fix);
            object.insert("basis"_L1, QJsonArray::fromStringList(check->basis));
            object.insert("guide"_L1, check->guidePage());
        }
    }
    return object;
}

std::optional<Finding::Verdict> verdictOf(const QString &name)
{
    using Verdict = Finding::Verdict;
    for (const Verdict verdict : {Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Skipped}) {
        if (nameOf(verdict) == name)
            return verdict;
    }
    return {};
}

// A file may have been written by anybody: no control characters reach a terminal.
QString lineOf(const QJsonValue &value)
{
    QString text = value.toString().left(1000);
    for (QChar &c : text) {
        if (c.category() == QChar::Other_Control || c.category() == QChar::Other_Format)
            c = u' ';
    }
    return text;
}

Result<Finding> findingOf(const QJsonObject &object)
{
    const auto verdict = verdictOf(object.value("verdict"_L1).toString());
    if (!verdict)
        return Error(ErrorCode::ConfigInvalid, u"a finding of the report has no verdict"_s);
    Finding finding;
    finding.checkId = object.value("check"_L1).toString();
    finding.verdict = *verdict;
    finding.summary = lineOf(object.value("summary"_L1));
    const QJsonArray evidence = object.value("evidence"_L1).toArray();
    for (const auto &line : evidence)
        finding.evidence.append(lineOf(line));
    return finding;
}

} // namespace

int Report::count(Finding::Verdict verdict) const
{
    return int(std::count_if(findings.begin(), findings.end(), [verdict](const Finding &one) { return one.verdict == verdict; }));
}

bool Report::hasProblems() const
{
    return std::any_of(findings.begin(), findings.end(), [](const Finding &finding) { return finding.isProblem(); });
}

QString Report::grade(Practice practice) const
{
    return Doctoring::gradeOf(Doctoring::ofPractice(findings, practice));
}

QString Report::grade() const
{
    return Doctoring::gradeOf(findings);
}

QList<Finding> Report::newSince(const Report &baseline) const
{
    QList<Finding> list;
    for (const Finding &finding : findings) {
        const bool isKnown = std::any_of(baseline.findings.begin(), baseline.findings.end(), [&finding](const Finding &old) {
            return old.checkId == finding.checkId && old.isProblem() && old.verdict >= finding.verdict;
        });
        if (finding.isProblem() && !isKnown)
            list.append(finding);
    }
    return list;
}

QJsonObject Report::toJson() const
{
    QJsonObject practices;
    for (const Practice practice : Doctoring::allPractices()) {
        if (const QString letter = grade(practice); !letter.isEmpty())
            practices.insert(QString::number(int(practice)), QJsonObject{{u"name"_s, nameOf(practice)}, {u"grade"_s, letter}});
    }
    QJsonArray list;
    for (const Finding &finding : findings)
        list.append(jsonOf(finding));
    QJsonObject object{{u"version"_s, kVersion},
                       {u"endpoint"_s, endpoint.toString(QUrl::FullyEncoded)},
                       {u"started_at"_s, startedAt.toUTC().toString(Qt::ISODateWithMs)},
                       {u"took_ms"_s, qint64(took.count())},
                       {u"requests"_s, requests},
                       {u"complete"_s, isComplete},
                       {u"practices"_s, practices},
                       {u"findings"_s, list}};
    if (const QString letter = grade(); !letter.isEmpty())
        object.insert("grade"_L1, letter);
    if (!note.isEmpty())
        object.insert("note"_L1, note);
    return object;
}

Result<Report> Report::fromJson(const QByteArray &json)
{
    if (json.size() > kLargestReport)
        return Error(ErrorCode::ConfigInvalid, u"the report is larger than 16 MiB"_s);
    QJsonParseError error;
    const QJsonObject object = QJsonDocument::fromJson(json, &error).object();
    if (error.error != QJsonParseError::NoError)
        return Error(ErrorCode::ConfigInvalid, u"the report is no JSON: "_s + error.errorString());
    if (object.value("version"_L1).toInt() != kVersion || !object.value("findings"_L1).isArray())
        return Error(ErrorCode::ConfigInvalid, u"this is no report of the doctor, version %1"_s.arg(kVersion));
    Report report;
    report.endpoint = QUrl(object.value("endpoint"_L1).toString());
    report.startedAt = QDateTime::fromString(object.value("started_at"_L1).toString(), Qt::ISODateWithMs);
    report.took = Duration(object.value("took_ms"_L1).toInteger());
    report.requests = object.value("requests"_L1).toInt();
    report.isComplete = object.value("complete"_L1).toBool();
    report.note = lineOf(object.value("note"_L1));
    const QJsonArray findings = object.value("findings"_L1).toArray();
    for (const auto &value : findings) {
        const Result<Finding> finding = findingOf(value.toObject());
        if (!finding)
            return finding.error();
        if (Check::find(finding->checkId))
            report.findings.append(*finding);
    }
    return report;
}

} // namespace Watchword
