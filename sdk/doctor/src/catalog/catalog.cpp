// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include "watchword/doctor/finding.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

struct PracticeName
{
    const char *name;
    const char *page;
};

constexpr PracticeName kPractices[] = {
    {"WSS only", "wss-only"},
    {"Tokens", "tokens"},
    {"Short lives and refresh", "short-lives"},
    {"Validation at connect", "validation"},
    {"Origin", "origin"},
    {"Limits", "limits"},
    {"Private endpoints", "private-endpoints"},
    {"Audits", "audits"},
    {"Logging and monitoring", "logging"},
    {"Education", "education"},
};

Check checkOf(const Doctoring::CheckText &text)
{
    Check check;
    check.id = QString::fromLatin1(text.id);
    check.title = QString::fromLatin1(text.title);
    check.practice = text.practice;
    check.severity = text.severity;
    check.why = QString::fromLatin1(text.why);
    check.fix = QString::fromLatin1(text.fix);
    check.basis = QString::fromLatin1(text.basis).split(u"; "_s);
    check.intrusive = text.intrusive;
    return check;
}

} // namespace

QString nameOf(Practice practice)
{
    return QString::fromLatin1(kPractices[int(practice) - 1].name);
}

QString nameOf(Severity severity)
{
    static const QStringList names{u"info"_s, u"low"_s, u"medium"_s, u"high"_s, u"critical"_s};
    return names.at(int(severity));
}

QString nameOf(Finding::Verdict verdict)
{
    static const QStringList names{u"pass"_s, u"warn"_s, u"fail"_s, u"skip"_s};
    return names.at(int(verdict));
}

QString nameOf(Finding::Gap gap)
{
    static const QStringList names{u"none"_s, u"not-asked"_s, u"not-decided"_s, u"not-applicable"_s};
    return names.at(int(gap));
}

Severity Finding::severity() const
{
    if (ownSeverity)
        return *ownSeverity;
    const Check *check = Check::find(checkId);
    return check ? check->severity : Severity::Medium;
}

QString Check::guidePage() const
{
    return u"practices/%1.md"_s.arg(QLatin1StringView(kPractices[int(practice) - 1].page));
}

const QList<Check> &Check::all()
{
    static const QList<Check> list = [] {
        QList<Check> checks;
        const QList<Doctoring::CheckText> texts = Doctoring::lineChecks() + Doctoring::tokenChecks() + Doctoring::issuerChecks()
            + Doctoring::limitChecks() + Doctoring::educationChecks();
        std::transform(texts.begin(), texts.end(), std::back_inserter(checks), checkOf);
        return checks;
    }();
    return list;
}

const Check *Check::find(const QString &id)
{
    const QList<Check> &list = all();
    const auto found = std::find_if(list.begin(), list.end(), [&id](const Check &check) { return check.id == id; });
    return found == list.end() ? nullptr : &*found;
}

} // namespace Watchword
