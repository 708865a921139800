// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/frame.h"
#include "watchword/core/secret.h"
#include "watchword/testing/export.h"

#include <QByteArray>
#include <QList>
#include <QObject>
#include <QStringList>

#include <memory>

namespace Watchword {

/*!
    The server's end of one connection to a FakeGateway: what it received, and the means to treat the client well or badly.

    Threads: the gateway's. Ownership: the gateway's, as long as the connection lives.
*/
class WATCHWORD_TESTING_EXPORT FakePeer : public QObject
{
    Q_OBJECT

public:
    ~FakePeer() override;

    int number() const; //!< 1 for the first connection that the gateway accepted.
    Secret token() const; //!< Of the upgrade, or of the last renewal.
    QString subprotocol() const;
    QStringList texts() const; //!< Received application texts, unescaped, acknowledged ones too.
    QList<QByteArray> binaries() const;
    QList<Frame> frames() const; //!< All received control frames.
    bool isOpen() const;

    void sendText(const QString &text);
    void sendBinary(const QByteArray &bytes);
    void sendFrame(const Frame &frame);
    void sendRaw(const QByteArray &bytes); //!< Straight to the socket, past the WebSocket framing.
    void close(int code, const QString &reason = {});
    void bye(int code, const QString &retry, int afterMs = 0, const QString &reason = {}); //!< Then close(code).
    void drop(); //!< Ends TCP politely, without a close frame.
    void reset(); //!< RST.
    void cutMidFrame(); //!< Half a frame, then RST.
    void stall(); //!< Half-open: reads and answers nothing any more, and keeps the socket.

Q_SIGNALS:
    void textReceived(const QString &text);
    void binaryReceived(const QByteArray &bytes);
    void frameReceived(const Watchword::Frame &frame);
    void closed(int code); //!< Of the close frame, whoever sent it first; 1006 if there was none.

private:
    friend class FakeGateway;
    struct Ends;
    FakePeer(const Ends &ends, QObject *parent);
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
