// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/gatetarget.h"
#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"
#include "watchword/gateway/identity.h"

#include <QHash>

#include <memory>

namespace Watchword::Gateway {

/*! When a session began, and when its person last did something. */
struct SessionLife
{
    WallTime begun{};
    Instant usedAt{};
};

/*! How a session ends that nobody ends: by GateTarget::sessionLifetime or sessionIdle. */
struct SessionEnd
{
    QString reason; //!< "session_lifetime" or "session_idle"
    Duration in{}; //!< From now; not above 0: it is over.
    Duration most{}; //!< What the endpoint allows.
};

/*!
    The sessions of the endpoints that limit them, over all their connections and renewals.

    A session begins with the sign-in ("auth_time"), or, where tokens do not say when that was, with the first token of it that
    came here; another sign-in begins it anew. Without a "sid" a session is what one client has of one sign-in of one person;
    without "auth_time" either, each token is one. It is used when its client sends a message of the application, to whichever
    endpoint: pings, renewals and reconnects are the work of programs.

    What it knows lasts as long as the process. Bounded: kMost; then those that were not used for the longest time are forgotten.
    Threads: one.
*/
class WATCHWORD_TEST_EXPORT SessionLives
{
public:
    static constexpr qsizetype kMost = 100'000;

    //! Null if \a target limits no sessions. \a renewed is the life of the connection that \a identity renews: it goes on under
    //! whatever name, unless the person signed in since.
    std::shared_ptr<SessionLife> lifeOf(const Identity &identity, const GateTarget &target, Instant now, WallTime wall,
                                        const std::shared_ptr<SessionLife> &renewed = {});
    //! The next end of \a life; nothing if the endpoint has none.
    static std::optional<SessionEnd> endOf(const SessionLife &life, const GateTarget &target, Instant now, WallTime wall);
    //! The end that has come for who is about to be admitted; nothing else is wrong with him.
    std::optional<SessionEnd> judge(const Identity &identity, const GateTarget &target, Instant now, WallTime wall);
    qsizetype size() const { return m_lives.size(); }

private:
    void makeRoom();

    QHash<QString, std::shared_ptr<SessionLife>> m_lives; // by issuer, user and session
};

/*!
    The part of a connection that watches the end of its session: what is to be said, and when to look again.
    Pure. Threads: reentrant.
*/
class WATCHWORD_TEST_EXPORT SessionWatch
{
public:
    enum class Word { Nothing, Due, Over };

    void begin(std::shared_ptr<SessionLife> life) { m_life = std::move(life); }
    const std::shared_ptr<SessionLife> &life() const { return m_life; }
    void used(Instant now); //!< The person did something.
    //! When look() is to be called; nothing if never.
    std::optional<Instant> next(const GateTarget &target, Instant now, WallTime wall) const;
    //! Due once before each end: a fifth of the time before it, at most five minutes.
    Word look(const GateTarget &target, Instant now, WallTime wall);
    std::optional<SessionEnd> end(const GateTarget &target, Instant now, WallTime wall) const;

private:
    std::shared_ptr<SessionLife> m_life;
    std::optional<Instant> m_toldFor; // the end that was announced
};

} // namespace Watchword::Gateway
