// SPDX-License-Identifier: Apache-2.0
#include "connection/swap.h"

#include <algorithm>
#include <utility>

namespace Watchword {

Link *Swap::linkOf(AttemptId id)
{
    if (m_current.id == id)
        return &m_current;
    return m_phase != Phase::Single && m_other.id == id ? &m_other : nullptr;
}

Link &Swap::openReplacement(AttemptId id)
{
    if (m_phase == Phase::Single)
        m_phase = Phase::Replacing;
    if (m_other.id != id)
        m_other = Link{.id = id};
    return m_other;
}

void Swap::takeOver()
{
    if (m_phase != Phase::Replacing)
        return;
    std::swap(m_current, m_other);
    m_phase = Phase::HoldsBoth;
}

void Swap::promote()
{
    if (m_phase != Phase::Replacing)
        return;
    m_current = std::exchange(m_other, {});
    m_phase = Phase::Single;
}

Link Swap::discard()
{
    if (m_phase != Phase::Replacing)
        return {};
    m_phase = Phase::Single;
    forget(m_other.id);
    return std::exchange(m_other, {});
}

void Swap::forget(AttemptId id)
{
    std::erase_if(m_heldBack, [this, id](const HeldBack &message) {
        m_heldBackBytes -= message.id == id ? sizeOf(message.content) : 0;
        return message.id == id;
    });
}

Link Swap::endDrain()
{
    if (m_phase < Phase::HoldsBoth)
        return {};
    releaseOutgoing();
    m_phase = Phase::Single;
    return std::exchange(m_other, {});
}

bool Swap::holdsIncoming() const
{
    if (m_phase >= Phase::HoldsBoth || m_heldBack.empty())
        return m_phase >= Phase::HoldsBoth;
    return std::any_of(m_heldBack.begin(), m_heldBack.end(),
                       [this](const HeldBack &message) { return message.id == m_current.id; });
}

qint64 Swap::holdBack(HeldBack message)
{
    if (linkOf(message.id)) {
        m_heldBackBytes += sizeOf(message.content);
        m_heldBack.push_back(std::move(message));
    }
    return m_heldBackBytes;
}

std::optional<HeldBack> Swap::takeHeldBack()
{
    // A slot may lead to another swap; what came on the links of that one waits for it.
    const auto isDue = [this](const HeldBack &message) {
        return !(m_phase >= Phase::HoldsBoth && message.id == m_current.id)
            && !(m_phase == Phase::Replacing && message.id == m_other.id);
    };
    const auto due = std::find_if(m_heldBack.begin(), m_heldBack.end(), isDue);
    if (due == m_heldBack.end())
        return std::nullopt;
    HeldBack message = std::move(*due);
    m_heldBack.erase(due);
    m_heldBackBytes -= sizeOf(message.content);
    return message;
}

void Swap::send(const Message &message)
{
    if (m_phase == Phase::HoldsBoth) {
        m_outgoingBytes += sizeOf(message);
        m_outgoing.push_back(message);
    } else if (!m_current.transport) {
        return;
    } else if (const QString *text = std::get_if<QString>(&message)) {
        m_current.transport->sendText(*text);
    } else {
        m_current.transport->sendBinary(std::get<QByteArray>(message));
    }
}

void Swap::releaseOutgoing()
{
    if (m_phase != Phase::HoldsBoth)
        return;
    m_phase = Phase::HoldsIncoming;
    m_outgoingBytes = 0;
    for (const Message &message : std::exchange(m_outgoing, {}))
        send(message);
}

qint64 Swap::bytesQueued() const
{
    return m_current.transport ? m_outgoingBytes + m_current.bytesQueued() : 0;
}

} // namespace Watchword
