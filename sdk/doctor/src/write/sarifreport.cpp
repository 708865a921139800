// SPDX-License-Identifier: Apache-2.0
#include "write/baseline.h"
#include "write/writers.h"

#include <QCryptographicHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

QString levelOf(Severity severity)
{
    if (severity >= Severity::High)
        return u"error"_s;
    return severity >= Severity::Low ? u"warning"_s : u"note"_s;
}

// Pages take how bad a result is from its rule. What is less than the worst that a check looks for has a rule of its own.
QString ruleIdOf(const Finding &finding)
{
    return finding.ownSeverity ? finding.checkId + u'/' + nameOf(*finding.ownSeverity) : finding.checkId;
}

// What code scanning pages sort by: 0 to 10.
QString scoreOf(Severity severity)
{
    static const QStringList scores{u"0.0"_s, u"3.0"_s, u"5.5"_s, u"8.0"_s, u"9.5"_s};
    return scores.at(int(severity));
}

QJsonObject text(const QString &text)
{
    return {{u"text"_s, text}};
}

/*
    Pages that show results take the place for a file of the repository, and refuse the whole log over another scheme: the
    endpoint without its scheme, and the port behind an underscore. properties.endpoint has it as it is.
*/
QString placeOf(const QUrl &endpoint)
{
    QString host = endpoint.host(QUrl::FullyEncoded);
    host.replace(u':', u'_'); // of an IPv6 address
    const QString port = endpoint.port() < 0 ? QString() : u"_%1"_s.arg(endpoint.port());
    return QString::fromLatin1(QUrl::toPercentEncoding(host)) + port + endpoint.path(QUrl::FullyEncoded);
}

QJsonObject ruleOf(const Check &check, const QString &id, Severity severity, const ReportStyle &style)
{
    QJsonArray tags{u"security"_s};
    for (const QString &basis : check.basis) {
        if (basis.startsWith("CWE-"_L1))
            tags.append(u"external/cwe/"_s + basis.toLower());
    }
    QJsonObject rule{
        {u"id"_s, id},
        {u"shortDescription"_s, text(check.title)},
        {u"fullDescription"_s, text(check.why)},
        {u"help"_s, text(check.fix + u"\n\nSee "_s + check.basis.join(u", "_s) + u"\nMore: "_s + moreAbout(check, style))},
        {u"defaultConfiguration"_s, QJsonObject{{u"level"_s, levelOf(severity)}}},
        {u"properties"_s, QJsonObject{{u"tags"_s, tags}, {u"security-severity"_s, scoreOf(severity)}}}};
    if (!style.guide.isEmpty())
        rule.insert("helpUri"_L1, moreAbout(check, style));
    return rule;
}

QJsonObject resultOf(const Finding &finding, int index, const Report &report, const ReportStyle &style)
{
    QString level = levelOf(finding.severity());
    if (finding.verdict == Finding::Verdict::Warn && level == "error"_L1)
        level = u"warning"_s;
    const QJsonObject place{{u"artifactLocation"_s, QJsonObject{{u"uri"_s, placeOf(report.endpoint)}}},
                            {u"region"_s, QJsonObject{{u"startLine"_s, 1}}}};
    const QJsonObject location{{u"physicalLocation"_s, place}};
    const QByteArray identity = (finding.checkId + u' ' + report.endpoint.toString()).toUtf8();
    QString message = finding.summary;
    if (!finding.evidence.isEmpty())
        message += u"\n\n"_s + finding.evidence.join(u'\n');
    QJsonObject object{
        {u"ruleId"_s, ruleIdOf(finding)},
        {u"ruleIndex"_s, index},
        {u"level"_s, level},
        {u"message"_s, text(message)},
        {u"locations"_s, QJsonArray{location}},
        {u"partialFingerprints"_s,
         QJsonObject{{u"doctorCheck/v1"_s,
                      QString::fromLatin1(QCryptographicHash::hash(identity, QCryptographicHash::Sha256).toHex())}}}};
    if (const QString age = ageOf(finding, report, style); !age.isEmpty())
        object.insert("baselineState"_L1, age == "new"_L1 ? u"new"_s : u"unchanged"_s);
    return object;
}

// SARIF 2.1.0 section 3.27.24: what is there no more; and what nobody looked at is open (section 3.27.9).
QJsonObject pastResult(const Finding &finding, int index, const Report &report, const ReportStyle &style, bool isFixed)
{
    QJsonObject object = resultOf(finding, index, report, style);
    object.insert("kind"_L1, isFixed ? u"pass"_s : u"open"_s);
    object.insert("level"_L1, u"none"_s);
    object.insert("baselineState"_L1, isFixed ? u"absent"_s : u"unchanged"_s);
    return object;
}

QDateTime endOf(const Report &report)
{
    return report.startedAt.addMSecs(report.took.count());
}

} // namespace

QByteArray sarifReport(const Report &report, const ReportStyle &style)
{
    QJsonArray rules;
    QHash<QString, int> places;
    for (const Check &check : Check::all()) {
        places.insert(check.id, int(rules.size()));
        rules.append(ruleOf(check, check.id, check.severity, style));
    }
    const auto placeFor = [&](const Finding &finding) {
        const QString id = ruleIdOf(finding);
        if (const Check *check = Check::find(finding.checkId); check && !places.contains(id)) {
            places.insert(id, int(rules.size()));
            rules.append(ruleOf(*check, id, finding.severity(), style));
        }
        return places.value(id);
    };
    QJsonArray results;
    for (const Finding &finding : problemsOf(report))
        results.append(resultOf(finding, placeFor(finding), report, style));
    const Changes changes = style.baseline ? report.since(*style.baseline) : Changes();
    for (const Finding &finding : changes.fixed)
        results.append(pastResult(finding, placeFor(finding), report, style, true));
    for (const Finding &finding : changes.unseen)
        results.append(pastResult(finding, placeFor(finding), report, style, false));
    const QJsonObject driver{{u"name"_s, u"watchword doctor"_s}, {u"rules"_s, rules}};
    const QJsonObject invocation{{u"executionSuccessful"_s, report.isComplete},
                                 {u"startTimeUtc"_s, report.startedAt.toUTC().toString(Qt::ISODate)},
                                 {u"endTimeUtc"_s, endOf(report).toUTC().toString(Qt::ISODate)}};
    // Its id keeps the results of several endpoints apart.
    const QJsonObject run{
        {u"tool"_s, QJsonObject{{u"driver"_s, driver}}},
        {u"automationDetails"_s, QJsonObject{{u"id"_s, u"watchword-doctor/"_s + placeOf(report.endpoint) + u'/'}}},
        {u"invocations"_s, QJsonArray{invocation}},
        {u"columnKind"_s, u"utf16CodeUnits"_s},
        {u"properties"_s,
         QJsonObject{
             {u"endpoint"_s, report.endpoint.toString()}, {u"grade"_s, report.grade()}, {u"coverage"_s, coverageOf(report)}}},
        {u"results"_s, results}};
    const QJsonObject log{{u"$schema"_s, u"https://json.schemastore.org/sarif-2.1.0.json"_s},
                          {u"version"_s, u"2.1.0"_s},
                          {u"runs"_s, QJsonArray{run}}};
    return QJsonDocument(log).toJson(QJsonDocument::Indented);
}

} // namespace Watchword::Doctoring
