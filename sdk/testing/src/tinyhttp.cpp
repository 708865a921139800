// SPDX-License-Identifier: Apache-2.0
#include "tinyhttp.h"

#include "watchword/core/internal/httptime.h"

#include <QFile>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QSslKey>
#include <QSslServer>

namespace Watchword {

namespace {

constexpr qsizetype kLargestRequest = 1 << 20;
constexpr const char *kDate = "tinyHttpDate";

QByteArray contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

QUrlQuery parametersOf(QByteArray text)
{
    text.replace('+', "%20");
    return QUrlQuery(QString::fromUtf8(text));
}

} // namespace

TinyHttp::TinyHttp(Handler handler, QObject *parent)
    : QObject(parent)
    , m_handler(std::move(handler))
{
}

TinyHttp::~TinyHttp() = default;

bool TinyHttp::listen(quint16 port, const QString &certificateFile, const QString &keyFile)
{
    if (certificateFile.isEmpty()) {
        m_server = std::make_unique<QTcpServer>();
    } else {
        auto server = std::make_unique<QSslServer>();
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setLocalCertificateChain(QSslCertificate::fromData(contentOf(certificateFile)));
        tls.setPrivateKey(QSslKey(contentOf(keyFile), QSsl::Ec));
        tls.setPeerVerifyMode(QSslSocket::VerifyNone); // of clients, which have no certificate
        server->setSslConfiguration(tls);
        m_server = std::move(server);
    }
    connect(m_server.get(), &QTcpServer::pendingConnectionAvailable, this, [this] { accept(); });
    return m_server->listen(QHostAddress::LocalHost, port);
}

void TinyHttp::close()
{
    m_server.reset();
}

quint16 TinyHttp::port() const
{
    return m_server ? m_server->serverPort() : 0;
}

void TinyHttp::accept()
{
    while (QTcpSocket *socket = m_server->nextPendingConnection()) {
        connect(socket, &QTcpSocket::readyRead, this, [this, socket] { read(socket); });
        connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
        if (socket->bytesAvailable() > 0)
            read(socket);
    }
}

void TinyHttp::read(QTcpSocket *socket)
{
    const QByteArray bytes = socket->peek(kLargestRequest);
    const qsizetype end = bytes.indexOf("\r\n\r\n");
    if (end < 0)
        return;
    TinyRequest request;
    const QList<QByteArray> lines = bytes.first(end).split('\n');
    const QList<QByteArray> words = lines.first().trimmed().split(' ');
    for (const QByteArray &line : lines.mid(1)) {
        const qsizetype colon = line.indexOf(':');
        if (colon > 0)
            request.headers.insert(line.first(colon).trimmed().toLower(), line.mid(colon + 1).trimmed());
    }
    const qsizetype length = request.headers.value("content-length").toLongLong();
    if (bytes.size() < end + 4 + length || words.size() < 2)
        return;
    socket->readAll();
    disconnect(socket, &QTcpSocket::readyRead, this, nullptr);
    request.method = words.at(0);
    const qsizetype mark = words.at(1).indexOf('?');
    request.path = mark < 0 ? words.at(1) : words.at(1).first(mark);
    request.query = parametersOf(mark < 0 ? QByteArray() : words.at(1).mid(mark + 1));
    request.form = parametersOf(bytes.mid(end + 4, length));
    m_handler(request, socket);
}

void TinyHttp::setDate(QTcpSocket *socket, WallTime date)
{
    socket->setProperty(kDate, toHttpDate(date));
}

void TinyHttp::answer(QTcpSocket *socket, int status, const QByteArray &contentType, const QByteArray &body,
                      const QList<QByteArray> &headers)
{
    QByteArray text = "HTTP/1.1 " + QByteArray::number(status) + " Test\r\nContent-Type: " + contentType
        + "\r\nContent-Length: " + QByteArray::number(body.size()) + "\r\nCache-Control: no-store\r\nConnection: close\r\n";
    if (const QByteArray date = socket->property(kDate).toByteArray(); !date.isEmpty())
        text += "Date: " + date + "\r\n";
    for (const QByteArray &header : headers)
        text += header + "\r\n";
    socket->write(text + "\r\n" + body);
    socket->disconnectFromHost();
}

} // namespace Watchword
