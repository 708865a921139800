// SPDX-License-Identifier: Apache-2.0
#include "watchword/watch/chainverifier.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostSeams = 64;

} // namespace

void ChainVerifier::reset()
{
    *this = {};
}

ChainVerifier::Outcome ChainVerifier::finish(Outcome outcome)
{
    if (outcome.verdict == Verdict::Broken && !m_broken)
        m_broken = outcome;
    return outcome;
}

ChainVerifier::Outcome ChainVerifier::push(const AuditEvent &event)
{
    const quint64 sequence = event.sequence;
    if (sequence == m_last && m_last != 0 && event.chainHash() == m_head && event.verify(event.previousHash()))
        return {Verdict::Duplicate, sequence, 0, 0, {}};
    if (sequence <= m_last) {
        return finish({Verdict::Broken, sequence, 0, 0, u"event %1 came after event %2"_s.arg(sequence).arg(m_last)});
    }
    const QString uid = event.data.value("chain"_L1).toObject().value("uid"_L1).toString();
    const bool follows = m_last != 0 && sequence == m_last + 1;
    const bool isFirst = m_last == 0;
    // Event 1 builds on nothing, whoever reads it; behind a hole an event can only be checked against itself.
    const QString expected = follows ? m_head : sequence == 1 ? QString() : event.previousHash();
    Outcome outcome{Verdict::Ok, sequence, 0, 0, {}};
    if (const Result<void> sound = event.verify(expected); !sound) {
        outcome.verdict = Verdict::Broken;
        outcome.why = sound.error().detail();
    } else if (!isFirst && uid != m_uid) {
        outcome.verdict = Verdict::Broken;
        outcome.why = u"event %1 is of another chain"_s.arg(sequence);
    } else if (const std::optional<QString> seam = checkSeam(event)) {
        outcome.verdict = Verdict::Broken;
        outcome.why = *seam;
    } else if (isFirst && sequence != 1) {
        outcome.verdict = Verdict::Unproven;
        outcome.why = u"the log starts at event %1; what was before it is not here"_s.arg(sequence);
    } else if (!isFirst && !follows) {
        outcome.verdict = Verdict::Gap;
        outcome.missingFrom = m_last + 1;
        outcome.missingTo = sequence - 1;
        outcome.why = u"events %1 to %2 are missing"_s.arg(outcome.missingFrom).arg(outcome.missingTo);
        m_missing += outcome.missingTo - outcome.missingFrom + 1;
    } else {
        ++m_verified;
    }
    if (isFirst) {
        m_first = sequence;
        m_firstPrevious = event.previousHash();
        m_startProven = sequence == 1;
        m_uid = uid;
    }
    if (!follows && sequence != 1 && m_resumedAt.size() < kMostSeams)
        m_resumedAt.insert(sequence, event.previousHash());
    // After a break the next event is compared with what this one claims, so that one change is one finding.
    m_last = sequence;
    m_head = event.chainHash();
    return finish(std::move(outcome));
}

std::optional<QString> ChainVerifier::checkSeam(const AuditEvent &event)
{
    if (event.shortType() != "audit.purged"_L1)
        return {};
    const QJsonObject seam = event.data.value("seam"_L1).toObject();
    const quint64 first = quint64(std::max<qint64>(seam.value("first_seq"_L1).toInteger(), 0));
    const QString hash = seam.value("hash"_L1).toString();
    if (first == 0 || first > event.sequence)
        return u"event %1 states a seam that cannot be"_s.arg(event.sequence);
    const auto resumed = m_resumedAt.constFind(first);
    if (resumed == m_resumedAt.cend())
        return {};
    if (*resumed != hash) {
        return u"event %1 builds on something else than the seam in event %2 says"_s.arg(first).arg(event.sequence);
    }
    if (first == m_first)
        m_startProven = true;
    return {};
}

} // namespace Watchword
