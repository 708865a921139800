// SPDX-License-Identifier: Apache-2.0
#include "grading.h"

#include <algorithm>

namespace Watchword::Doctoring {

namespace {

char capOf(const Finding &finding)
{
    if (!finding.isProblem())
        return 'A';
    const Check *check = Check::find(finding.checkId);
    const Severity severity = check ? check->severity : Severity::Medium;
    if (finding.verdict == Finding::Verdict::Warn)
        return severity == Severity::Info ? 'A' : 'B';
    switch (severity) {
    case Severity::Critical:
        return 'F';
    case Severity::High:
        return 'D';
    case Severity::Medium:
        return 'C';
    case Severity::Low:
        return 'B';
    case Severity::Info:
        break;
    }
    return 'A';
}

} // namespace

QString gradeOf(const QList<Finding> &findings)
{
    char grade = 0;
    for (const Finding &finding : findings) {
        if (finding.verdict != Finding::Verdict::Skipped)
            grade = std::max(grade, capOf(finding));
    }
    return grade ? QString(QLatin1Char(grade)) : QString();
}

QList<Finding> ofPractice(const QList<Finding> &findings, Practice practice)
{
    QList<Finding> list;
    std::copy_if(findings.begin(), findings.end(), std::back_inserter(list), [practice](const Finding &finding) {
        const Check *check = Check::find(finding.checkId);
        return check && check->practice == practice;
    });
    return list;
}

QList<Practice> allPractices()
{
    QList<Practice> list;
    for (int i = int(Practice::Transport); i <= int(Practice::Education); ++i)
        list.append(Practice(i));
    return list;
}

} // namespace Watchword::Doctoring
