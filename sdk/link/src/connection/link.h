// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/outbox.h"
#include "machine/connectionmachine.h"

#include "watchword/core/frame.h"
#include "watchword/core/tokenset.h"
#include "watchword/link/transport.h"

#include <memory>
#include <optional>

namespace Watchword {

/*! One attempt: its transport, and what is known of the server at the other end. What is sent without a transport is gone. */
struct WATCHWORD_TEST_EXPORT Link
{
    using Id = ConnectionMachine::AttemptId;
    enum class Stage {
        Opening, //!< The server has not accepted the connection yet.
        InUse,
        Ending //!< Nothing of the application is sent any more.
    };
    enum class Speech {
        Plain,
        Watchword,
        PresumedPlain //!< It chose watchword.v1 and said nothing at all; its first message shows what it is.
    };
    std::unique_ptr<Transport> transport{}; //!< Null before it starts and after it ended.
    Id id = 0;
    Stage stage = Stage::Opening;
    AccessToken token{}; //!< Of the last TokenReady.
    Speech speech = Speech::Plain;
    QString subprotocol{};
    QString session{}; //!< "sid"; the server knows by it what it got before.
    qint64 largestMessage = 0; //!< What the server said it accepts; 0 if it said nothing.
    std::optional<qint64> serverTimeMs{}; //!< At serverTimeAt.
    Instant serverTimeAt{};

    bool isWatchword() const { return speech == Speech::Watchword; }
    bool isInUse() const { return stage == Stage::InUse && transport; }
    qint64 bytesQueued() const { return transport ? transport->bytesQueued() : 0; }
    void upgraded(const QString &chosen, Speech speaks); //!< The 101 came.
    //! When the server means by a member of its frames; by its own clock where it told the time, for ours may be wrong.
    std::optional<Instant> instantOf(const QJsonValue &secondsSinceEpoch, const Clock &clock) const;
    void send(const Frame &frame) const;
    void sendPing(quint64 nonce, const AuthStrategy *strategy) const; //!< In the way of the protocol that is spoken.
};

} // namespace Watchword
