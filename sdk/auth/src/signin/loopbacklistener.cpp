// SPDX-License-Identifier: Apache-2.0
#include "signin/loopbacklistener.h"

#include <QTcpSocket>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kHeadDeadline = 10s;
constexpr int kMostConnections = 32;

} // namespace

LoopbackListener::LoopbackListener(Clock &clock, QObject *parent)
    : QObject(parent)
    , m_clock(clock)
{
    connect(&m_server, &QTcpServer::newConnection, this, [this] { accept(); });
}

LoopbackListener::~LoopbackListener() = default;

Result<QUrl> LoopbackListener::listen(const QList<quint16> &ports, const QString &path)
{
    const QList<quint16> wanted = ports.isEmpty() ? QList<quint16>{0} : ports;
    for (const auto address : {QHostAddress::LocalHost, QHostAddress::LocalHostIPv6}) {
        for (const quint16 port : wanted) {
            if (!m_server.listen(QHostAddress(address), port))
                continue;
            QUrl url;
            url.setScheme(u"http"_s);
            url.setHost(QHostAddress(address).toString());
            url.setPort(m_server.serverPort());
            url.setPath(path);
            return url;
        }
    }
    QStringList tried;
    for (const quint16 port : ports)
        tried += QString::number(port);
    const QString what = ports.isEmpty()
        ? u"no free port for the sign-in's redirect: %1"_s.arg(m_server.errorString())
        : u"none of the ports of the sign-in's redirect is free (%1): %2"_s.arg(tried.join(u", "_s), m_server.errorString());
    return Error(ErrorCode::AddressInUse, what)
        .withRemedy(ports.isEmpty() ? u"Check that programs may listen on 127.0.0.1."_s
                                    : u"End the program that uses them, or register more ports at the provider."_s);
}

void LoopbackListener::close()
{
    m_server.close();
}

void LoopbackListener::accept()
{
    while (QTcpSocket *socket = m_server.nextPendingConnection()) {
        if (m_server.findChildren<QTcpSocket *>().size() > kMostConnections) {
            socket->abort();
            socket->deleteLater();
            continue;
        }
        connect(socket, &QTcpSocket::readyRead, this, [this, socket] { read(socket); });
        connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
        auto *deadline = new Alarm(m_clock, socket);
        connect(deadline, &Alarm::due, socket, [socket] { socket->abort(); });
        deadline->start(kHeadDeadline);
        if (socket->bytesAvailable() > 0)
            read(socket);
    }
}

void LoopbackListener::read(QTcpSocket *socket)
{
    const QByteArray received = socket->peek(kLargestLoopbackRequest + 5);
    LoopbackVerdict verdict = judgeLoopbackRequest(received, m_expected);
    if (verdict.kind == LoopbackVerdict::Kind::Incomplete)
        return;
    if (m_decided && verdict.kind != LoopbackVerdict::Kind::Stray)
        verdict = {LoopbackVerdict::Kind::Stray, 404, {}, {}};
    socket->readAll();
    disconnect(socket, &QTcpSocket::readyRead, this, nullptr);
    socket->write(loopbackAnswer(verdict));
    socket->flush();
    socket->disconnectFromHost();
    if (verdict.kind == LoopbackVerdict::Kind::Stray)
        return;
    m_decided = true;
    m_server.close();
    Q_EMIT decided(verdict);
}

} // namespace Watchword
