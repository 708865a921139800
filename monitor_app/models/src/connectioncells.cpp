// SPDX-License-Identifier: Apache-2.0
#include "connectioncells.h"

#include "monitor/models/text.h"
#include "monitor/store/query.h"

namespace Monitor {

using S = ConnectionTable;
using M = ConnectionsModel;

QString ConnectionCells::state() const
{
    return m_table.isLive(m_slot) ? m_table.stateName(m_slot) : QStringLiteral("gone");
}

Severity ConnectionCells::severity() const
{
    return Text::stateSeverity(state());
}

bool ConnectionCells::isOver() const
{
    const auto s = m_table.state(m_slot);
    return !m_table.isLive(m_slot) || s == S::ClosedState || s == S::RevokedState;
}

QString ConnectionCells::span(qint64 from, qint64 to, QStringView bound) const
{
    if (from == S::Unknown || to == S::Unknown)
        return QStringLiteral("–");
    const QString text = Text::duration(to - from);
    return m_stale ? bound.toString() + u' ' + text : text;
}

QString ConnectionCells::tokenLeft() const
{
    if (m_table.state(m_slot) == S::RevokedState)
        return tr("revoked");
    if (isOver())
        return QStringLiteral("–");
    const qint64 expires = number(S::Expires);
    if (expires == S::Unknown)
        return tr("unknown");
    return expires <= m_now && !m_stale ? tr("expired") : span(m_now, expires, u"≤");
}

QString ConnectionCells::wasWord() const
{
    const QString word = state();
    return word == u"failing" ? tr("Was failing") : word == u"expiring" ? tr("Was expiring") : tr("Was open");
}

QString ConnectionCells::fullText(int column) const
{
    switch (column) {
    case M::State: // of a gateway that says nothing it is not known what is open
        return m_stale && !isOver() ? wasWord() : Text::stateWord(state());
    case M::User: {
        const QString user = m_table.text(m_slot, S::User);
        return user.isEmpty() ? m_table.text(m_slot, S::Subject) : user;
    }
    case M::Client:
        return m_table.text(m_slot, S::Client);
    case M::Address:
        return m_table.text(m_slot, S::Ip);
    case M::Node:
        return m_table.text(m_slot, S::Node);
    case M::Age:
        return span(number(S::Opened), number(S::Closed) == S::Unknown ? m_now : number(S::Closed), u"≥");
    case M::Idle:
        return isOver() ? QString() : span(number(S::LastIn), m_now, u"≥");
    case M::InRate:
        return isOver() ? QString() : Text::rate(m_table.inRate(m_slot, m_now));
    case M::OutRate:
        return isOver() ? QString() : Text::rate(m_table.outRate(m_slot, m_now));
    case M::Queue:
        return Text::count(m_table.queue(m_slot));
    case M::TokenLeft:
        return tokenLeft();
    case M::CloseCode:
        return m_table.closeCode(m_slot) == 0 ? QString() : QString::number(m_table.closeCode(m_slot));
    default:
        return {};
    }
}

QString ConnectionCells::text(int column) const
{
    const QString full = fullText(column);
    if (column == M::CloseCode)
        return full;
    return full.isEmpty() ? QStringLiteral("–") : full;
}

QString ConnectionCells::textColour(int column) const
{
    if (m_stale)
        return QStringLiteral("text.secondary");
    if (column == M::State && severity() >= Severity::Error)
        return Text::severityColour(severity());
    if (column == M::CloseCode || fullText(column).isEmpty() || (column == M::TokenLeft && isOver()))
        return QStringLiteral("text.muted");
    return !m_table.isLive(m_slot) ? QStringLiteral("text.muted") : QStringLiteral("text.primary");
}

QString ConnectionCells::glyph(int column) const
{
    if (column == M::State)
        return m_stale ? Text::severityGlyph(Severity::Neutral) : Text::severityGlyph(severity());
    return column == M::Client ? Text::deviceGlyph(m_table.text(m_slot, S::Client)) : QString();
}

QString ConnectionCells::glyphColour(int column) const
{
    if (column == M::Client)
        return QStringLiteral("text.muted");
    return Text::severityColour(m_stale ? Severity::Neutral : severity());
}

bool ConnectionCells::isStrong(int column) const
{
    return column == M::State && severity() >= Severity::Error && !m_stale;
}

double ConnectionCells::fraction(int column) const
{
    if (column != M::TokenLeft)
        return -1;
    const qint64 expires = number(S::Expires);
    const qint64 issued = number(S::Issued);
    if (isOver() || expires == S::Unknown || issued == S::Unknown || expires <= issued)
        return -1;
    return std::clamp(double(expires - m_now) / double(expires - issued), 0.0, 1.0);
}

QString ConnectionCells::sentence() const
{
    const QString code = fullText(M::CloseCode);
    QStringList parts = {fullText(M::State),   tr("user %1").arg(fullText(M::User)), fullText(M::Client),
                         fullText(M::Address), tr("node %1").arg(fullText(M::Node)), tr("open for %1").arg(fullText(M::Age))};
    if (!isOver())
        parts.append(tr("token left %1").arg(tokenLeft()));
    if (!code.isEmpty())
        parts.append(tr("closed with %1").arg(code));
    return parts.join(QStringLiteral(", "));
}

QString ConnectionCells::value(int column) const
{
    switch (column) {
    case M::State:
        return m_table.isLive(m_slot) ? m_table.stateName(m_slot) : QString();
    case M::User:
        return quoted(m_table.text(m_slot, S::User));
    case M::Client:
    case M::Address:
    case M::Node:
        return quoted(fullText(column));
    case M::Queue:
        return QString::number(m_table.queue(m_slot));
    case M::CloseCode:
        return QString::number(m_table.closeCode(m_slot));
    default:
        return {};
    }
}

QString FoldedCells::sentence() const
{
    return tr("%n row(s) ended or left the filter while the order is held", nullptr, int(m_count));
}

} // namespace Monitor
