// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "streamrenewal.h"

#include "watchword/link/connection.h"

#include <QObject>

namespace Watchword {

/*!
    A Connection for the two streams of a gateway: their URL may change from link to link (the audit cursor), their token
    is renewed by messages of their own, and a gateway that sends garbage is left and tried again later.

    established() is told by the owner, once the gateway's first message was good.
*/
class StreamLink : public QObject
{
    Q_OBJECT

public:
    struct Setup
    {
        ConnectionOptions options;
        QString subprotocol;
        std::function<QUrl()> url; //!< Asked for at every attempt.
        StreamRenewal::Message renewal;
    };

    StreamLink(TokenProvider *tokens, Setup setup, QObject *parent);
    ~StreamLink() override;

    void open();
    void close();
    void retryNow();
    void fail(const Error &error); //!< What came is not the protocol: leave, and try again with backoff.
    void send(const QString &text);
    //! The first message was good; the token of this link ends at \a exp.
    void established(std::optional<WallTime> exp);
    void renewed(std::optional<WallTime> exp, const QByteArray &nonce);
    void renewalRefused(const RenewalRefusal &refusal);

    bool isUp() const { return m_up; }
    QDateTime nextRetryAt() const;
    QString explain() const;

Q_SIGNALS:
    void up(); //!< The gateway accepted; nothing was received yet.
    void down(const Watchword::Error &error); //!< Was up, or an attempt failed; another one follows.
    void ended(const Watchword::Error &error); //!< No other attempt follows.
    void renewalFailed(const Watchword::Error &error); //!< The link stays as it is.
    void textReceived(const QString &text);
    void nextRetryAtChanged();

private:
    struct Leaving
    {
        Error error;
        bool comesBackAtOnce = false;
    };

    void onState(Connection::State state);
    void onClosed(const Error &error);
    void leave(const Leaving &why);
    Duration waitAfterViolation();

    Setup m_setup;
    Clock &m_clock;
    RandomSource &m_random;
    std::unique_ptr<Connection> m_connection;
    StreamRenewal m_renewal;
    QUrl m_url; // of the last attempt
    Alarm m_helloAlarm;
    Alarm m_retryAlarm;
    std::optional<Leaving> m_leaving; // why the link is being left
    QDateTime m_retryAt;
    Instant m_failingSince{};
    int m_violations = 0;
    bool m_wanted = false;
    bool m_up = false;
};

} // namespace Watchword
