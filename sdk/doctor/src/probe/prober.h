// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "probe/probe.h"
#include "watchword/core/testexport.h"
#include "watchword/wire/httphead.h"
#include "watchword/wire/messagereader.h"

#include <QElapsedTimer>
#include <QObject>
#include <QSslConfiguration>
#include <QTimer>

#include <functional>
#include <memory>
#include <optional>

QT_BEGIN_NAMESPACE
class QSslError;
class QTcpSocket;
QT_END_NAMESPACE

namespace Watchword::Doctoring {

/*! Where probes go. */
struct Destination
{
    QString host;
    quint16 port = 443;
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
};

/*!
    Runs one probe over one connection, and records it. All that a peer can send is bounded: the head by 64 KiB and 128
    fields, the body by what is read in half a second, messages by 1 MiB together, everything by the probe's times.

    Life: made by new; start() once. \a done is called once, from the event loop, never inside start(); then it deletes
    itself. It may be deleted earlier, and calls nothing then.
*/
class WATCHWORD_TEST_EXPORT Prober : public QObject, private Wire::MessageSink
{
    Q_OBJECT

public:
    using Done = std::function<void(const Exchange &exchange)>;

    Prober(Probe probe, const Destination &destination, Done done, QObject *parent = nullptr);
    ~Prober() override;

    void start();

Q_SIGNALS:
    void opened(); //!< For Probe::isOpenFirst.

private:
    enum class State { Idle, Connecting, Waiting, Body, Open, Done };

    void onReady();
    void onEncrypted();
    void onTlsErrors(const QList<QSslError> &errors);
    void onError();
    void onDisconnected();
    void onReadyRead();
    void onDeadline();
    void readHello(const QByteArray &bytes);
    void readHead(QByteArray &bytes);
    void takeHead();
    void readBody(QByteArray &bytes);
    void openFrames();
    void readFrames(QByteArray &bytes);
    void sendFrame(const ProbeFrame &frame);
    QByteArray withToken(const QByteArray &text, const Secret &token) const;
    void hear(QByteArrayView message);
    void noteEnd();
    void finish(Exchange::End end);

    Wire::Flow messageReceived(Wire::Opcode type, Wire::MutableBytes message) override;
    Wire::Flow pingReceived(Wire::Bytes payload) override;
    Wire::Flow pongReceived(Wire::Bytes payload) override;
    Wire::Flow closeReceived(const Wire::CloseFrame &close) override;

    const Probe m_probe;
    const Destination m_destination;
    Done m_done;
    State m_state = State::Idle;
    Exchange m_exchange;
    QTcpSocket *m_socket = nullptr;
    QTimer m_deadline;
    QElapsedTimer m_sinceSent;
    Wire::HeadReader m_head;
    std::optional<Wire::BodyReader> m_body;
    std::optional<Wire::MessageReader> m_frames;
    int m_interim = 0;
    bool m_isWelcome = false;
    qint64 m_read = 0; //!< Behind the head.
};

} // namespace Watchword::Doctoring
