// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/orderhold.h"

#include <QObject>

#include <functional>

namespace Monitor {

/*!
    What a view shows of OrderHold: why the order is held, and how many rows would change if it were not. Each signal comes
    once for each change; time passes without one, so note() is called at every tick.

    Threads: the one it lives in.
*/
class HeldOrder : public QObject
{
    Q_OBJECT

public:
    //! \a now in ms since the epoch; \a changedRows of the order that is shown.
    HeldOrder(std::function<qint64()> now, std::function<qint64()> changedRows);

    OrderHold::Reason reason() const { return m_hold.reason(m_now()); }
    bool isHeld() const { return reason() != OrderHold::Reason::None; }
    void setSelected(bool selected);
    void setPaused(bool paused);
    void setHovered(bool hovered); //!< The pointer moved over the rows, or left them.
    void note(); //!< Compares with what was told last.

Q_SIGNALS:
    void reasonChanged();
    void changedRowsChanged();

private:
    std::function<qint64()> m_now;
    std::function<qint64()> m_changedRows;
    OrderHold m_hold;
    OrderHold::Reason m_toldReason = OrderHold::Reason::None;
    qint64 m_toldChangedRows = 0;
};

} // namespace Monitor
