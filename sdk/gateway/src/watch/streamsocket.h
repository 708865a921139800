// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/clientsocket.h"
#include "watch/watchmessage.h"
#include "watch/watchservice.h"
#include "watchword/core/closepolicy.h"

#include <QJsonObject>

#include <deque>

namespace Watchword::Gateway {

//! The newest events as texts, so that following the log costs no database read.
class AuditTail
{
public:
    void append(quint64 sequence, const QString &text);
    //! The event behind \a sequence, or null when it is not held.
    const QString *behind(quint64 sequence) const;

private:
    static constexpr std::size_t kLength = 1'024;
    quint64 m_first = 0;
    std::deque<QString> m_texts;
};

//! How the streams write times.
inline qint64 milliseconds(WallTime time)
{
    return time.time_since_epoch().count();
}

//! What the streams of one service share.
struct StreamContext
{
    WatchTables &tables;
    AuditLog &audit;
    ConnectionControl &control;
    Clock &clock;
    WatchServerInfo info;
    WatchLimits limits;
    WatchService::TokenCheck check;
    WatchService::NonceSource nonce;
    WatchService::FailureCount failed;
    AuditTail tail;
    std::optional<std::chrono::milliseconds> canary{}; //!< How long its last revocation took.
};

/*!
    One monitor's socket: flow control, the end of its token, garbage, and a coded close. Subclasses say what is sent.

    A stream that has something to send emits turnWanted() and is then called by turn() with what it may spend.
    Emits ended() once when the socket is gone; the owner deletes it then. Owns the socket.
*/
class StreamSocket : public QObject
{
    Q_OBJECT

public:
    StreamSocket(std::unique_ptr<ClientSocket> socket, const Identity &identity, StreamContext &context, QObject *parent);
    ~StreamSocket() override;

    virtual void begin() = 0; //!< Called once, after the signals are connected.
    //! Sends at most \a budget rows or events; returns how many.
    virtual qsizetype turn(qsizetype budget) = 0;
    virtual bool wantsTurn() const = 0;

    void close(int code, const QString &reason);
    void setUrl(const QUrl &url) { m_url = url; } //!< Of the upgrade.
    void setPeer(const QHostAddress &peer) { m_peer = peer; } //!< Where the monitor is.
    const QHostAddress &peer() const { return m_peer; }
    const Identity &identity() const { return m_identity; }

Q_SIGNALS:
    void turnWanted();
    void ended();

protected:
    virtual void receive(const QString &text) = 0;
    virtual QJsonObject renewed(const QJsonObject &fields) const = 0; //!< The "auth.ok" of this stream.
    virtual QJsonObject notRenewed(const QJsonObject &fields) const = 0; //!< The "auth.fail".
    virtual QString neededScope() const = 0;
    virtual void sent() = 0; //!< Something went out; idle marks wait anew.

    void send(const QJsonObject &json);
    void sendText(const QString &text);
    //! False while the monitor does not keep up; turnWanted() follows when it does again.
    bool canSend();
    void violate(const Error &error); //!< Closes with 1007 or 1002.
    void renew(const WatchMessage::Refresh &refresh);
    bool isClosing() const { return m_closing; }
    StreamContext &context() const { return m_context; }
    QString tlsProtocol() const;

private:
    void end();
    void planCut();
    void acknowledge(const QByteArray &payload);
    void pingBehind();
    void confirmRenewal();
    void refuseRenewal(CloseCode code, const QString &reason);
    void refuseRenewal(const Error &error);
    void recordFailure(const QString &reasonCode, bool isLimit);
    bool isFlooding();

    ClientSocket *m_socket; // a child
    Identity m_identity;
    QUrl m_url;
    QHostAddress m_peer;
    StreamContext &m_context;
    Alarm m_cut;
    Alarm m_progress;
    Alarm m_abort;
    qint64 m_sent = 0;
    qint64 m_pinged = 0;
    qint64 m_acknowledged = 0;
    bool m_stalled = false;
    bool m_closing = false;
    bool m_ended = false;
    bool m_renewing = false;
    double m_credit = 0;
    Instant m_creditAt{};
};

} // namespace Watchword::Gateway
