// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/destination.h"
#include "transport/hearing.h"
#include "transport/textsource.h"

#include "watchword/link/connectionoptions.h"

#include <QSslError>

namespace Watchword {

/*! What the engines have in common: where they ask, with which token, and the one way out. */
class SocketTransport : public Transport, public TextSource
{
    Q_OBJECT

public:
    void start(const AccessToken &token) final;
    QUrl authorizedUrl() const final { return m_destination.authorizedUrl(); }

protected:
    enum class State {
        Idle,
        Connecting, //!< Up to TLS and pins.
        Asking, //!< The request left.
        Refused, //!< Wire: a status other than 101 came; the beginning of its body is awaited.
        Open,
        Closing, //!< Wire: our close frame is sent, the peer's awaited.
        Dropped, //!< QtWebSockets: the peer went without a close frame. What Qt read before it is still told.
        Over, //!< ended() is on its way or was told.
        Aborted
    };
    explicit SocketTransport(ConnectionOptions options);

    virtual void connectToServer() = 0; //!< To m_destination; also behind a redirect.
    void connectAgain(); //!< At the next turn of the event loop.
    //! False: what is wrong with the server's key ended the attempt, or a slot did.
    bool acceptsKey(const QSslCertificate &certificate);
    virtual void finish(TransportEnd end) = 0;
    void tellEnd(const TransportEnd &end); //!< Queued: ended() never comes from inside a call.
    bool beginSending();
    bool isTls() const;
    bool isAlive() const { return m_state < State::Over; }

    const ConnectionOptions m_options;
    Destination m_destination;
    State m_state = State::Idle;
    QList<QSslError> m_tlsErrors{};
    Hearing m_hearing;
};

} // namespace Watchword
