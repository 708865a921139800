// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

namespace Monitor {

/*!
    The one rule for the hand: rows keep their places while one of them is selected, while the view is paused, and for two
    seconds after the pointer moved over them. A pointer that rests holds nothing.
*/
class OrderHold
{
public:
    static constexpr qint64 PointerMs = 2000;
    enum class Reason { None, Pointer, Selection, Pause };

    void setSelected(bool selected) { m_selected = selected; }
    void setPaused(bool paused) { m_paused = paused; }
    void pointed(qint64 now) { m_pointedAt = now; } //!< The pointer moved over the rows. \a now in ms since the epoch.
    void left() { m_pointedAt = 0; }

    Reason reason(qint64 now) const
    {
        if (m_paused)
            return Reason::Pause;
        if (m_selected)
            return Reason::Selection;
        return m_pointedAt != 0 && now >= m_pointedAt && now < m_pointedAt + PointerMs ? Reason::Pointer : Reason::None;
    }

private:
    bool m_selected = false;
    bool m_paused = false;
    qint64 m_pointedAt = 0;
};

} // namespace Monitor
