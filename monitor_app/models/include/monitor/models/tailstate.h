// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

namespace Monitor {

/*! The three labelled states of a tail. */
enum class TailMode {
    Following, //!< The newest row is the last one seen.
    Paused, //!< Frozen by the person; the table goes on.
    Detached //!< Scrolled away from the end, or a row was selected; new rows do not move the view.
};

/*!
    Follow, pause and scroll as one state machine over row numbers: pure, no clock.

    Every function is one event; first() is the row at the top afterwards. Rows are numbers in the filtered view.
    When rows in front disappear (eviction) or appear (a filter working backwards), call shifted() so that the same rows stay in
    sight.
*/
class TailState
{
public:
    TailMode mode() const { return m_mode; }
    qint64 first() const { return m_first; }
    qint64 total() const { return m_total; }
    int page() const { return m_page; }
    qint64 newRows() const { return m_new; } //!< Since follow was left.

    void resized(int page);
    void grown(qint64 total); //!< Rows were added at the end.
    void shifted(qint64 delta, qint64 total); //!< \a delta rows more (or fewer, negative) in front of the view.
    void scrolledTo(qint64 first); //!< By the person. Up leaves follow; to the very end while Detached follows again.
    void setHeld(bool held); //!< Rows are selected: leaves follow, and scrolling to the end does not follow again.
    void followed(); //!< End key, button.
    void paused();
    void replaced(qint64 total); //!< Another filter: the count starts anew, Following stays Following.

private:
    qint64 lastFirst() const { return m_total > m_page ? m_total - m_page : 0; }
    void clamp();

    TailMode m_mode = TailMode::Following;
    qint64 m_first = 0;
    qint64 m_total = 0;
    qint64 m_new = 0;
    int m_page = 0;
    bool m_held = false;
};

} // namespace Monitor
