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
    if (finding.gap != Finding::Gap::None)
        object.insert("gap"_L1, nameOf(finding.gap));
    if (const Check *check = Check::find(finding.checkId)) {
        object.insert("title"_L1, check->title);
        object.insert("practice"_L1, int(check->practice));
        object.insert("severity"_L1, nameOf(finding.severity()));
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

QJsonObject jsonOf(const Coverage &coverage)
{
    return {{u"examined"_s, coverage.examined},
            {u"total"_s, coverage.total},
            {u"missing"_s, QJsonArray::fromStringList(coverage.missing)}};
}

// Older reports do not say it: then a check without verdict was not asked.
Finding::Gap gapOf(const QJsonObject &object, Finding::Verdict verdict)
{
    using Gap = Finding::Gap;
    for (const Gap gap : {Gap::NotAsked, Gap::NotDecided, Gap::NotApplicable}) {
        if (nameOf(gap) == object.value("gap"_L1).toString())
            return gap;
    }
    return verdict == Finding::Verdict::Skipped ? Gap::NotAsked : Gap::None;
}

std::optional<Severity> severityOf(const QJsonObject &object, const QString &checkId)
{
    const Check *check = Check::find(checkId);
    for (const Severity severity : {Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical}) {
        if (check && severity != check->severity && nameOf(severity) == object.value("severity"_L1).toString())
            return severity;
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
    finding.gap = gapOf(object, *verdict);
    finding.ownSeverity = severityOf(object, finding.checkId);
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
    return Doctoring::gradeOf(findings, practice);
}

Coverage Report::coverage(Practice practice) const
{
    return Doctoring::coverageOf(findings, practice);
}

Coverage Report::coverage() const
{
    Coverage whole;
    for (const Practice practice : Doctoring::allPractices()) {
        const Coverage one = coverage(practice);
        whole.examined += one.examined;
        whole.total += one.total;
        whole.missing += one.missing;
    }
    return whole;
}

int Report::graded() const
{
    const QList<Practice> practices = Doctoring::allPractices();
    return int(std::count_if(practices.begin(), practices.end(), [this](Practice one) { return !grade(one).isEmpty(); }));
}

bool Report::isUndecided() const
{
    return std::any_of(findings.begin(), findings.end(),
                       [](const Finding &finding) { return finding.gap == Finding::Gap::NotDecided; });
}

QString Report::grade() const
{
    return Doctoring::gradeOf(findings);
}

QList<Finding> Report::newSince(const Report &baseline) const
{
    return since(baseline).fresh;
}

Changes Report::since(const Report &baseline) const
{
    Changes changes;
    for (const Finding &finding : findings) {
        const bool isKnown = std::any_of(baseline.findings.begin(), baseline.findings.end(), [&finding](const Finding &old) {
            return old.checkId == finding.checkId && old.isProblem() && old.verdict >= finding.verdict;
        });
        if (finding.isProblem())
            (isKnown ? changes.known : changes.fresh).append(finding);
    }
    for (const Finding &old : baseline.findings) {
        const auto now = std::find_if(findings.begin(), findings.end(),
                                      [&old](const Finding &finding) { return finding.checkId == old.checkId; });
        const bool isExamined = now != findings.end() && now->verdict != Finding::Verdict::Skipped;
        if (old.isProblem() && !(isExamined && now->isProblem()))
            (isExamined ? changes.fixed : changes.unseen).append(old);
    }
    return changes;
}

bool Report::isOfSameEndpoint(const Report &other) const
{
    const auto pathOf = [](const QUrl &url) { return url.path().isEmpty() ? u"/"_s : url.path(); };
    const QUrl &a = endpoint;
    const QUrl &b = other.endpoint;
    return a.isEmpty() || b.isEmpty()
        || (a.host().compare(b.host(), Qt::CaseInsensitive) == 0 && a.port(443) == b.port(443) && pathOf(a) == pathOf(b));
}

QJsonObject Report::toJson() const
{
    QJsonObject practices;
    for (const Practice practice : Doctoring::allPractices()) {
        QJsonObject one = jsonOf(coverage(practice));
        one.insert("name"_L1, nameOf(practice));
        if (const QString letter = grade(practice); !letter.isEmpty())
            one.insert("grade"_L1, letter);
        practices.insert(QString::number(int(practice)), one);
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
                       {u"coverage"_s, jsonOf(coverage())},
                       {u"graded_practices"_s, graded()},
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
