// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/frame.h"
#include "watchword/core/testexport.h"
#include "watchword/link/publication.h"

#include <QString>

#include <optional>
#include <variant>
#include <vector>

namespace Watchword {

/*!
    Follows one room over reconnects, as a pure machine: step(event) returns what is to be done.

                    position known                  joined
        Down --------------------------> Asked ------------------> Live
         |                                ^ | more                   ^
         | nothing known: asks to join ---+ +--> (asks again) -------+
         |                                |
         |                                | gap: not joined
         |                                v
         +--- given up three times --> Looking --(gap)--> Snapshot --(done)--> Asked
                                        "look"

    Any state falls back to Down when the link is lost, with the position as it was before the gap, so that a gap whose
    snapshot did not arrive is found again. A resume that was asked for and did not become Live counts as
    failed unless it made progress; after three of them in a row the position is given up, with a gap that says so. The snapshot
   is fetched before the server is asked to go on, so that nothing has to be kept meanwhile: the history of the server keeps it.
*/
class WATCHWORD_TEST_EXPORT RoomCursor
{
public:
    static constexpr int kMostFailures = 3;

    struct LinkUp
    {
    };
    struct LinkDown
    {
    };
    struct Answered //!< "sub.ok"
    {
        QString epoch;
        quint64 offset = 0; //!< Newest.
        quint64 to = 0; //!< Last offset that follows before more has to be asked for.
        bool joined = false;
        std::optional<Gap> gap{};
        quint64 continueAfter = 0; //!< With a gap: where the history goes on.
    };
    struct Published
    {
        Publication publication;
    };
    struct SnapshotDone
    {
        quint64 number = 0; //!< Of FetchSnapshot.
        quint64 includes = 0; //!< Offset up to which the snapshot is complete; 0: what the gap said.
    };
    using Event = std::variant<LinkUp, LinkDown, Answered, Published, SnapshotDone>;

    struct Send //!< "sub"
    {
        Frame frame;
    };
    struct Deliver
    {
        Publication publication;
    };
    struct ReportGap
    {
        Gap gap;
    };
    struct FetchSnapshot //!< Answer with SnapshotDone, also if there is none.
    {
        quint64 number;
        Gap gap;
    };
    struct ReportLive
    {
    };
    using Action = std::variant<Send, Deliver, ReportGap, FetchSnapshot, ReportLive>;
    using Actions = std::vector<Action>;

    enum class State { Down, Asked, Looking, Snapshot, Live };

    explicit RoomCursor(QString room, const RoomPosition &start = {});

    Actions step(const Event &event);
    State state() const;
    const RoomPosition &position() const { return m_position; }
    int failures() const { return m_failures; }
    static Answered parse(const Frame &frame); //!< Of "sub.ok"; wild values become harmless ones.

private:
    enum class Begin { Anew, Resumed }; //!< Asked without, or with a position.
    struct Down
    {
    };
    struct Asked
    {
        Begin begin = Begin::Anew;
    };
    struct CatchingUp //!< Asked: what follows up to \a to is on its way, then it asks again.
    {
        quint64 to = 0;
    };
    struct Looking
    {
    };
    struct Snapshot
    {
        RoomPosition continueAt;
    };
    struct Joined //!< Live, but what was promised up to \a to is not all here.
    {
        quint64 to = 0;
        Begin begin = Begin::Anew;
    };
    struct Live
    {
    };
    template <typename S>
    bool is() const
    {
        return std::holds_alternative<S>(m_state);
    }
    void on(const LinkUp &);
    void on(const LinkDown &);
    void on(const Answered &event);
    void on(const Published &event);
    void on(const SnapshotDone &event);
    void ask();
    void arrived();
    void fetch(const Gap &gap, const RoomPosition &continueAt);
    void add(Action action) { m_actions.push_back(std::move(action)); }

    QString m_room;
    RoomPosition m_position;
    int m_failures = 0; //!< Resumes in a row that did not become Live.
    std::variant<Down, Asked, CatchingUp, Looking, Snapshot, Joined, Live> m_state;
    quint64 m_offsetAtLinkUp = 0;
    quint64 m_snapshots = 0;
    Actions m_actions;
};

} // namespace Watchword
