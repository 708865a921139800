// SPDX-License-Identifier: Apache-2.0
#include "examination.h"

#include <algorithm>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

Examination::Examination(DoctorOptions options)
    : m_recording(std::move(options))
{
    for (auto &rule : allRules()) {
        Entry entry;
        entry.rule = std::move(rule);
        m_rules.push_back(std::move(entry));
    }
}

Examination::~Examination() = default;

bool Examination::mayAdvance() const
{
    if (isDone())
        return false;
    return isLastStageNext() ? m_onTheWay.isEmpty() : m_onTheWay.size() == m_beside.size();
}

bool Examination::isLastStageNext() const
{
    return m_stage == Stage::Intrusive;
}

bool Examination::isDone() const
{
    return m_findings.size() == qsizetype(m_rules.size());
}

std::vector<Probe> Examination::nextStage()
{
    m_stage = m_stage ? Stage(std::min(int(*m_stage) + 1, int(Stage::End))) : Stage::Line;
    std::vector<Probe> fresh;
    for (Entry &entry : m_rules) {
        if (entry.rule->stage() == *m_stage && !entry.isDecided)
            plan(entry, fresh);
    }
    if (m_stage == Stage::Token && m_recording.options().intrusive && m_recording.isTrusted() && !m_recording.isOurs()) {
        fresh.push_back(m_recording.requests().get(u"consent"_s, kConsentPath));
        m_onTheWay.insert(u"consent"_s);
    }
    judgeReady();
    return fresh;
}

void Examination::plan(Entry &entry, std::vector<Probe> &fresh)
{
    entry.isPlanned = true;
    if (const std::optional<Judgement> hindrance = entry.rule->hindrance(m_recording)) {
        decide(entry, *hindrance);
        return;
    }
    for (Probe &probe : entry.rule->probes(m_recording)) {
        entry.probes.append(probe.id);
        if (m_known.contains(probe.id))
            continue;
        m_known.insert(probe.id);
        m_recording.plan(probe);
        m_onTheWay.insert(probe.id);
        if (probe.runsBeside)
            m_beside.insert(probe.id);
        fresh.push_back(std::move(probe));
    }
}

void Examination::record(const Exchange &exchange)
{
    m_onTheWay.remove(exchange.probe);
    m_beside.remove(exchange.probe);
    m_recording.add(exchange);
    judgeReady();
}

void Examination::drop(const QString &probe, const QString &why)
{
    m_onTheWay.remove(probe);
    m_beside.remove(probe);
    for (Entry &entry : m_rules) {
        if (entry.probes.contains(probe))
            entry.dropped = why;
    }
    judgeReady();
}

void Examination::end(const QString &why)
{
    for (Entry &entry : m_rules) {
        if (!entry.isDecided)
            decide(entry, judgedEarly(entry).value_or(skip(why)));
    }
    m_onTheWay.clear();
    m_beside.clear();
}

std::optional<Judgement> Examination::judgedEarly(const Entry &entry) const
{
    const bool isAnswered = entry.isPlanned && entry.dropped.isEmpty()
        && std::none_of(entry.probes.begin(), entry.probes.end(),
                        [this](const QString &probe) { return m_onTheWay.contains(probe); });
    if (!isAnswered && !entry.rule->isCumulative())
        return {};
    if (entry.rule->hindrance(m_recording) || !entry.rule->vain(m_recording).isEmpty())
        return {};
    const Judgement judgement = entry.rule->judge(m_recording);
    const bool isProblem = judgement.verdict == Finding::Verdict::Warn || judgement.verdict == Finding::Verdict::Fail;
    return isProblem || isAnswered ? std::optional(judgement) : std::nullopt;
}

void Examination::judgeReady()
{
    for (Entry &entry : m_rules) {
        if (!entry.isPlanned || entry.isDecided || (entry.rule->isJudgedLast() && m_stage != Stage::End))
            continue;
        const bool isReady = std::none_of(entry.probes.begin(), entry.probes.end(),
                                          [this](const QString &probe) { return m_onTheWay.contains(probe); });
        if (!isReady)
            continue;
        if (!entry.dropped.isEmpty())
            decide(entry, judgedEarly(entry).value_or(skip(entry.dropped)));
        else if (const QString why = entry.rule->vain(m_recording); !why.isEmpty())
            decide(entry, undecided(why));
        else
            decide(entry, entry.rule->judge(m_recording));
    }
}

void Examination::decide(Entry &entry, const Judgement &judgement)
{
    entry.isDecided = true;
    Finding finding;
    finding.checkId = entry.rule->id();
    finding.verdict = judgement.verdict;
    finding.gap = judgement.gap;
    finding.ownSeverity = judgement.severity;
    finding.summary = m_recording.redactor().cleanText(judgement.summary, 300);
    for (const QString &probe : judgement.probes) {
        if (!finding.evidence.isEmpty())
            finding.evidence.append(QString());
        if (const Exchange *exchange = m_recording.find(probe))
            finding.evidence += m_recording.redactor().evidenceOf(*exchange);
    }
    m_findings.insert(finding.checkId, finding);
    m_fresh.append(finding);
}

QList<Finding> Examination::takeDecided()
{
    return std::exchange(m_fresh, {});
}

QList<Finding> Examination::findings() const
{
    QList<Finding> list;
    for (const Check &check : Check::all()) {
        if (const auto found = m_findings.constFind(check.id); found != m_findings.constEnd())
            list.append(*found);
    }
    return list;
}

} // namespace Watchword::Doctoring
