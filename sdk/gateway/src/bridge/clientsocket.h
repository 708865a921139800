// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/socketrules.h"
#include "watchword/core/testexport.h"

#include <QByteArray>
#include <QObject>
#include <QString>

#include <chrono>
#include <optional>

namespace Watchword::Gateway {

/*!
    The WebSocket connection of a client or monitor, as what serves it sees it.

    Life cycle: open from the start; disconnected() once, after which calls do nothing. close() sends a close frame and goes on
    until the peer has answered, or two seconds. Destruction of an open one aborts it; a close that was asked for goes on
    without it. No signal comes from inside a call.
    Threads: the one it lives in.
*/
class WATCHWORD_TEST_EXPORT ClientSocket : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;

    virtual QString subprotocol() const = 0; //!< Empty if none was agreed on.
    virtual QString tlsProtocol() const = 0; //!< "TLSv1.3"; empty without TLS.
    virtual void sendUtf8(const QByteArray &text) = 0; //!< Shared, not copied, when many get the same.
    qint64 sendText(const QString &text) //!< Returns its size as UTF-8.
    {
        const QByteArray utf8 = text.toUtf8();
        sendUtf8(utf8);
        return utf8.size();
    }
    virtual void sendBinary(const QByteArray &data) = 0;
    virtual void ping(const QByteArray &payload) = 0; //!< At most 125 bytes.
    virtual void close(int code, const QString &reason) = 0; //!< The reason is cut to what fits. The first call counts.
    virtual void abort() = 0; //!< Without a word, and without what waits.
    virtual qint64 queuedBytes() const = 0; //!< Sent, and not taken by the operating system yet.
    virtual quint64 receivedBytes() const = 0; //!< Of any kind, pieces of messages too: while it grows, the peer is there.
    virtual void setRules(const SocketRules &rules) = 0; //!< From the next frame on.
    //! TCP brakes the peer then. What it had sent before can still come, and its end is not noticed.
    virtual void setReadPaused(bool isPaused) = 0;
    //! After disconnected(): the code of the frame that ended it, 1005 if that had none, 1006 without a close frame.
    virtual int closeCode() const = 0;
    virtual QString closeReason() const = 0;
    //! After disconnected(): what the peer did that ended it, as a sentence; empty if it or we just closed.
    virtual QString fault() const = 0;
    virtual bool wasSilent() const { return false; } //!< After disconnected(): a ping of the heartbeat was not answered.
    //! After disconnected(): the setting that the peer broke, if its reactor closed it for that; else empty.
    virtual QString brokenLimit() const { return {}; }
    virtual qint64 brokenValue() const { return 0; } //!< By what it was broken; 0 if that is not known.

    //! What a relayed connection carried so far past this thread: only control frames of its client come as signals.
    struct Relayed
    {
        quint64 messagesIn = 0; //!< All of them, control frames too.
        quint64 messagesOut = 0;
        quint64 bytesIn = 0;
        quint64 bytesOut = 0;
        quint64 applicationIn = 0; //!< Messages without control frames.
        quint64 applicationOut = 0;
    };
    //! Each such look asks for trafficSeen() when there is more.
    virtual std::optional<Relayed> relayed() const { return {}; }
    virtual std::chrono::milliseconds idleTime() const = 0; //!< Since something came, of any kind.
    virtual std::optional<std::chrono::milliseconds>
    roundTrip() const = 0; //!< Of the last ping of the heartbeat; see SocketRules.
    //! Nothing is relayed any more, in either direction: what is sent from now on is the last.
    virtual void endRelay() { }

Q_SIGNALS:
    void textReceived(const QString &text);
    void binaryReceived(const QByteArray &data);
    void pongReceived(const QByteArray &payload); //!< To ping().
    void trafficSeen(); //!< Of a relayed connection, after a look at it: there is something new.
    void disconnected();
};

} // namespace Watchword::Gateway
