// SPDX-License-Identifier: Apache-2.0
#include "audit/chaincheck.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

Error broken(const QString &what)
{
    return Error(ErrorCode::ChainBroken, what);
}

QString chainUid(const AuditEvent &event)
{
    return event.data.value("chain"_L1).toObject().value("uid"_L1).toString();
}

} // namespace

Result<void> ChainCheck::add(const AuditEvent &event)
{
    if (!m_firstSequence) {
        m_firstSequence = event.sequence;
        m_firstPrevious = event.previousHash();
        m_lastHash = m_firstPrevious;
        m_uid = chainUid(event);
    } else if (event.sequence != m_lastSequence + 1) {
        return broken(
            u"event %1 is followed by event %2: what was between them is missing"_s.arg(m_lastSequence).arg(event.sequence));
    }
    if (chainUid(event) != m_uid)
        return broken(u"event %1 is of another chain"_s.arg(event.sequence));
    if (const Result<void> verified = event.verify(m_lastHash); !verified)
        return verified;
    m_lastSequence = event.sequence;
    m_lastHash = event.chainHash();
    if (event.shortType() == "audit.purged"_L1)
        return addSeam(event);
    return {};
}

Result<void> ChainCheck::addSeam(const AuditEvent &event)
{
    const QJsonObject json = event.data.value("seam"_L1).toObject();
    const Seam seam{.firstSequence = quint64(json.value("first_seq"_L1).toInteger()),
                    .hash = json.value("hash"_L1).toString(),
                    .count = quint64(json.value("count"_L1).toInteger()),
                    .at = event.sequence};
    if (seam.firstSequence == 0 || seam.firstSequence > event.sequence)
        return broken(u"event %1 is a purge without a valid seam"_s.arg(event.sequence));
    const quint64 before = m_seam ? m_seam->firstSequence : 0;
    if (m_seam && seam.firstSequence != before + seam.count) {
        return broken(u"the purge in event %1 removed %2 events, which does not lead from event %3 to event %4"_s.arg(seam.at)
                          .arg(seam.count)
                          .arg(before)
                          .arg(seam.firstSequence));
    }
    m_seam = seam;
    return {};
}

Result<void> ChainCheck::finish() const
{
    if (!m_firstSequence)
        return {};
    if (!m_seam) {
        if (*m_firstSequence == 1 && m_firstPrevious.isEmpty())
            return {};
        return broken(u"the chain starts at event %1, and no purge says why"_s.arg(*m_firstSequence));
    }
    if (m_seam->firstSequence != *m_firstSequence) {
        return broken(
            u"the chain starts at event %1, but the purge in event %2 left event %3 as the first"_s.arg(*m_firstSequence)
                .arg(m_seam->at)
                .arg(m_seam->firstSequence));
    }
    if (m_seam->hash != m_firstPrevious) {
        return broken(
            u"event %1 does not follow the hash that the purge in event %2 kept"_s.arg(*m_firstSequence).arg(m_seam->at));
    }
    return {};
}

} // namespace Watchword::Gateway
