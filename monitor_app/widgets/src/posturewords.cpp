// SPDX-License-Identifier: Apache-2.0
#include "posturewords.h"

#include <algorithm>

namespace Monitor {
using namespace Qt::StringLiterals;
using Watchword::Finding;
using Watchword::Practice;

QList<Practice> PostureWords::practices()
{
    QList<Practice> all;
    for (int number = int(Practice::Transport); number <= int(Practice::Education); ++number)
        all.append(Practice(number));
    return all;
}

QString PostureWords::practiceName(Practice practice)
{
    switch (practice) {
    case Practice::Transport:
        return tr("WSS only");
    case Practice::Tokens:
        return tr("Token-based authentication");
    case Practice::Lifetime:
        return tr("Short-lived tokens with refresh");
    case Practice::Validation:
        return tr("Validation at connection");
    case Practice::Origin:
        return tr("Origin checking");
    case Practice::Limits:
        return tr("Rate and connection limits");
    case Practice::PrivateEndpoints:
        return tr("Private endpoints and step-up");
    case Practice::Audits:
        return tr("Regular audits");
    case Practice::Logging:
        return tr("Logging and monitoring");
    case Practice::Education:
        break;
    }
    return tr("Education");
}

QList<Finding> PostureWords::findingsOf(const Watchword::Report &report, Practice practice)
{
    QList<Finding> own;
    for (const Finding &finding : report.findings) {
        const Watchword::Check *check = Watchword::Check::find(finding.checkId);
        if (check && check->practice == practice)
            own.append(finding);
    }
    return own;
}

PostureWords::Counts PostureWords::countsOf(const QList<Finding> &findings)
{
    Counts counts;
    for (const Finding &finding : findings) {
        counts.passed += finding.verdict == Finding::Verdict::Pass;
        counts.warned += finding.verdict == Finding::Verdict::Warn;
        counts.failed += finding.verdict == Finding::Verdict::Fail;
        counts.skipped += finding.verdict == Finding::Verdict::Skipped;
    }
    return counts;
}

QList<Finding> PostureWords::worstFirst(QList<Finding> findings)
{
    const auto weight = [](const Finding &finding) {
        const int severity = int(finding.severity());
        switch (finding.verdict) {
        case Finding::Verdict::Fail:
            return 300 + severity;
        case Finding::Verdict::Warn:
            return 200 + severity;
        case Finding::Verdict::Pass:
            return 100;
        case Finding::Verdict::Skipped:
            break;
        }
        return 0;
    };
    std::stable_sort(findings.begin(), findings.end(),
                     [&weight](const Finding &a, const Finding &b) { return weight(a) > weight(b); });
    return findings;
}

QString PostureWords::practiceLine(const QList<Finding> &findings)
{
    if (findings.isEmpty())
        return tr("No check of this program looks at it");
    const Counts counts = countsOf(findings);
    const QList<Finding> sorted = worstFirst(findings);
    if (counts.examined() == 0)
        return tr("Not examined: %1").arg(sorted.first().summary);
    if (sorted.first().isProblem())
        return sorted.first().summary;
    return counts.skipped == 0 ? tr("Every check passes")
                               : tr("What was examined passes; %n check(s) were skipped", nullptr, counts.skipped);
}

QString PostureWords::titleOf(const Finding &finding)
{
    const Watchword::Check *check = Watchword::Check::find(finding.checkId);
    return check ? check->title : finding.checkId;
}

QString PostureWords::freshWord()
{
    return tr("new");
}

QString PostureWords::verdictWord(Finding::Verdict verdict)
{
    switch (verdict) {
    case Finding::Verdict::Pass:
        return tr("passes");
    case Finding::Verdict::Warn:
        return tr("needs attention");
    case Finding::Verdict::Fail:
        return tr("fails");
    case Finding::Verdict::Skipped:
        break;
    }
    return tr("skipped");
}

QString PostureWords::verdictGlyph(Finding::Verdict verdict)
{
    switch (verdict) {
    case Finding::Verdict::Pass:
        return u"sev-ok"_s;
    case Finding::Verdict::Warn:
        return u"sev-warning"_s;
    case Finding::Verdict::Fail:
        return u"sev-error"_s;
    case Finding::Verdict::Skipped:
        break;
    }
    return u"sev-neutral"_s;
}

Ink PostureWords::verdictInk(Finding::Verdict verdict)
{
    switch (verdict) {
    case Finding::Verdict::Pass:
        return Ink::SeverityOkInk;
    case Finding::Verdict::Warn:
        return Ink::SeverityWarning;
    case Finding::Verdict::Fail:
        return Ink::SeverityError;
    case Finding::Verdict::Skipped:
        break;
    }
    return Ink::TextMuted;
}

PostureWords::Look PostureWords::gradeLook(const QString &grade)
{
    if (grade == "A"_L1)
        return {Ink::SoftOk, Ink::SeverityOk};
    if (grade == "B"_L1)
        return {Ink::SoftInfo, Ink::SeverityInfo};
    if (grade == "C"_L1)
        return {Ink::SoftWarning, Ink::SeverityWarning};
    return grade.isEmpty() ? Look{Ink::SoftNeutral, Ink::LineControl} : Look{Ink::SoftError, Ink::SeverityError};
}

QString PostureWords::gradeShown(const QString &grade)
{
    return grade.isEmpty() ? u"–"_s : grade;
}

QString PostureWords::offendersFilter(const QString &checkId)
{
    // By what a row of a connection tells; the state keeps out what is over.
    static const QHash<QString, QString> filters{
        {u"T2"_s, u"tls < 1.2"_s},       {u"T3"_s, u"tls < 1.3"_s},  {u"E4"_s, u"token.left > 1h"_s},
        {u"E1"_s, u"token.left < 0s"_s}, {u"S2"_s, u"idle > 10m"_s}, {u"L1"_s, u"rate.in > 50"_s},
    };
    return filters.value(checkId);
}

} // namespace Monitor
