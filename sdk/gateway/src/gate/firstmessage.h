// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/clientsocket.h"
#include "endpoint/peerclose.h"
#include "watchword/core/secret.h"

#include <functional>
#include <memory>

namespace Watchword::Gateway {

/*!
    A connection whose client has not said yet who it is: takes one "auth" frame (protocol.md section 2), within
    kLargest bytes, and nothing else. Time is the owner's to measure.

    Life cycle: each "auth" is answered by release(), refuse() or askAgain(). One of spoiled() and left()
    comes at most once, and nothing comes after it or after release() and refuse().
    Threads: one.
*/
class FirstMessage : public QObject
{
    Q_OBJECT

public:
    static constexpr std::uint64_t kLargest = 24 * 1024; //!< A token of the largest size, a proof, and JSON around them.
    static SocketRules rules(Duration time);

    //! \a received is called for each "auth"; without a proof that is null.
    FirstMessage(std::unique_ptr<ClientSocket> socket,
                 std::function<void(const Secret &token, const QByteArray &proof)> received);
    ~FirstMessage() override;

    std::unique_ptr<ClientSocket> release(); //!< Who it is was found out.
    void refuse(const PeerClose &close);
    //! "auth.fail" with the nonce that the proof lacked. False if that was done before.
    bool askAgain(const QByteArray &nonce);

Q_SIGNALS:
    void spoiled(const QString &reasonCode, const QString &message); //!< Something else came, or two at once.
    void left(const QString &limit); //!< \a limit: the setting that it broke and was closed for, else empty.

private:
    enum class State { Waiting, Asked, Ended };
    void textReceived(const QString &text);
    void spoil(const QString &reasonCode, const QString &message);

    std::unique_ptr<ClientSocket> m_socket;
    const std::function<void(const Secret &, const QByteArray &)> m_received;
    State m_state = State::Waiting;
    int m_attempts = 0;
};

} // namespace Watchword::Gateway
