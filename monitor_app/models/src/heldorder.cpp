// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/heldorder.h"

namespace Monitor {

HeldOrder::HeldOrder(std::function<qint64()> now, std::function<qint64()> changedRows)
    : m_now(std::move(now))
    , m_changedRows(std::move(changedRows))
{
}

void HeldOrder::setSelected(bool selected)
{
    m_hold.setSelected(selected);
    note();
}

void HeldOrder::setPaused(bool paused)
{
    m_hold.setPaused(paused);
    note();
}

void HeldOrder::setHovered(bool hovered)
{
    if (hovered)
        m_hold.pointed(m_now());
    else
        m_hold.left();
    note();
}

void HeldOrder::note()
{
    if (const qint64 changed = m_changedRows(); changed != m_toldChangedRows) {
        m_toldChangedRows = changed;
        Q_EMIT changedRowsChanged();
    }
    if (const OrderHold::Reason now = reason(); now != m_toldReason) {
        m_toldReason = now;
        Q_EMIT reasonChanged();
    }
}

} // namespace Monitor
