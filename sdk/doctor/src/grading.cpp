// SPDX-License-Identifier: Apache-2.0
#include "grading.h"

#include <algorithm>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

//! The checks that matter of each practice; of those in one entry one is enough. doctor.md has the same table.
const QList<QStringList> &mattering(Practice practice)
{
    static const QList<QList<QStringList>> checks{
        {{u"T1"_s}, {u"T2"_s}, {u"T4"_s}, {u"T5"_s}}, // 1
        {{u"H10"_s}, {u"H14"_s}},
        {{u"E4"_s}, {u"E1"_s, u"E3"_s}},
        {{u"H1"_s}, {u"H15"_s}, {u"H6"_s}, {u"H4"_s}, {u"H9"_s}, {u"H2"_s}},
        {{u"O1"_s}, {u"O2"_s}, {u"O3"_s}},
        {{u"S2"_s}, {u"S3"_s}, {u"F1"_s}, {u"S1"_s}, {u"L1"_s}, {u"L3"_s}},
        {{u"A3"_s}, {u"X1"_s}, {u"X3"_s}, {u"A1"_s}},
        {{u"B3"_s}},
        {{u"B1"_s}, {u"B2"_s}},
        {{u"G1"_s}, {u"G2"_s}}, // 10
    };
    return checks.at(int(practice) - 1);
}

// What every endpoint can be examined for by whoever has a token.
constexpr Practice kNeeded[] = {Practice::Transport, Practice::Tokens, Practice::Validation, Practice::Origin};

QChar capOf(const Finding &finding)
{
    if (!finding.isProblem() || finding.severity() == Severity::Info)
        return u'A';
    if (finding.verdict == Finding::Verdict::Warn)
        return u'B';
    switch (finding.severity()) {
    case Severity::Critical:
        return u'F';
    case Severity::High:
        return u'D';
    case Severity::Medium:
        return u'C';
    case Severity::Low:
    case Severity::Info:
        break;
    }
    return u'B';
}

QChar worstOf(const QList<Finding> &findings)
{
    QChar worst = u'A';
    for (const Finding &finding : findings)
        worst = std::max(worst, capOf(finding));
    return worst;
}

bool isExamined(const Finding &finding)
{
    return finding.verdict != Finding::Verdict::Skipped && finding.gap == Finding::Gap::None;
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

} // namespace

Coverage coverageOf(const QList<Finding> &findings, Practice practice)
{
    const QList<Finding> own = ofPractice(findings, practice);
    const auto isSettled = [&own](const QString &id) {
        return std::any_of(own.begin(), own.end(), [&id](const Finding &finding) {
            return finding.checkId == id && (isExamined(finding) || finding.gap == Finding::Gap::NotApplicable);
        });
    };
    Coverage coverage;
    for (const Finding &finding : own) {
        coverage.examined += isExamined(finding) ? 1 : 0;
        coverage.total += finding.gap == Finding::Gap::NotApplicable ? 0 : 1;
    }
    for (const QStringList &oneOf : mattering(practice)) {
        if (std::none_of(oneOf.begin(), oneOf.end(), isSettled))
            coverage.missing.append(oneOf.join(u" or "_s));
    }
    return coverage;
}

QString gradeOf(const QList<Finding> &findings, Practice practice)
{
    const QChar worst = worstOf(ofPractice(findings, practice));
    const Coverage coverage = coverageOf(findings, practice);
    if (worst > u'B') // what is known is bad enough
        return worst;
    if (coverage.examined == 0 || 2 * coverage.missing.size() >= mattering(practice).size())
        return {};
    return coverage.missing.isEmpty() ? worst : u'B';
}

QString gradeOf(const QList<Finding> &findings)
{
    QChar worst = worstOf(findings);
    for (const Practice practice : allPractices()) {
        if (const QString grade = gradeOf(findings, practice); !grade.isEmpty())
            worst = std::max(worst, grade.front());
    }
    const bool isEnough = std::none_of(std::begin(kNeeded), std::end(kNeeded),
                                       [&findings](Practice practice) { return gradeOf(findings, practice).isEmpty(); });
    return worst > u'B' || isEnough ? QString(worst) : QString();
}

QList<Practice> allPractices()
{
    QList<Practice> list;
    for (int i = int(Practice::Transport); i <= int(Practice::Education); ++i)
        list.append(Practice(i));
    return list;
}

} // namespace Watchword::Doctoring
