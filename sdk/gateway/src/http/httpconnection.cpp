// SPDX-License-Identifier: Apache-2.0
#include "http/httpconnection.h"

#include "watchword/core/log.h"

#include <QPointer>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

HttpConnection::HttpConnection(QSslSocket *socket, const HttpServer::Handler &handler, const HttpLimits &limits, QObject *parent)
    : QObject(parent)
    , m_socket(socket)
    , m_handler(handler)
    , m_limits(limits)
{
    m_socket->setParent(this);
    m_socket->setReadBufferSize(limits.headBytes + limits.bodyBytes);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &HttpConnection::timedOut);
    connect(m_socket, &QSslSocket::encrypted, this, [this] {
        if (m_state == State::Handshake)
            enter(State::Head);
        read();
    });
    connect(m_socket, &QSslSocket::readyRead, this, &HttpConnection::read);
    connect(m_socket, &QSslSocket::disconnected, this, &HttpConnection::end);
    connect(m_socket, &QSslSocket::errorOccurred, this, [this] {
        qCDebug(logGateway) << "http peer" << m_socket->peerAddress() << m_socket->errorString();
        if (m_state == State::Handshake || m_socket->state() == QAbstractSocket::UnconnectedState)
            end();
    });
}

void HttpConnection::start()
{
    enter(State::Handshake);
    m_socket->startServerEncryption();
}

void HttpConnection::enter(State state)
{
    m_state = state;
    switch (state) {
    case State::Handshake:
        m_timer.start(m_limits.handshake);
        break;
    case State::Head:
        m_timer.start(m_requests == 0 ? m_limits.head : m_limits.idle);
        break;
    case State::Body:
        m_timer.start(m_limits.body);
        break;
    case State::Answering:
        m_timer.start(m_limits.answer);
        break;
    case State::Closing:
        m_timer.start(m_limits.head);
        break;
    case State::Ended:
        m_timer.stop();
        break;
    }
}

void HttpConnection::read()
{
    if (m_state == State::Closing) {
        // What still comes is thrown away: closing with unread bytes would reset the connection before the peer has read
        // the answer.
        m_socket->skip(m_socket->bytesAvailable());
        return;
    }
    if (m_state == State::Head)
        readHead();
    if (m_state == State::Body)
        readBody();
}

void HttpConnection::readHead()
{
    if (m_socket->bytesAvailable() == 0)
        return;
    const QByteArray peeked = m_socket->peek(m_limits.headBytes);
    const ParsedHead parsed = parseRequestHead(peeked, m_limits.headBytes);
    switch (parsed.state) {
    case HeadState::Incomplete:
        return;
    case HeadState::TooLarge:
        return refuse(431, u"The request head is too large."_s);
    case HeadState::Invalid:
        return refuse(400, u"The request head is not valid HTTP: %1."_s.arg(parsed.problem));
    case HeadState::Complete:
        break;
    }
    m_socket->skip(parsed.head.size);
    ++m_requests;
    m_request = {.head = parsed.head, .body = {}, .peer = m_socket->peerAddress(), .peerPort = m_socket->peerPort()};
    m_keepAlive = parsed.head.keepsAlive() && m_requests < quint64(m_limits.requestsPerConnection);
    if (parsed.head.isChunked())
        return refuse(411, u"Send the body with a Content-Length."_s);
    if (parsed.head.contentLength() > m_limits.bodyBytes)
        return refuse(413, u"The body is too large."_s);
    if (parsed.head.contentLength() > 0 && parsed.head.hasToken("Expect", "100-continue"))
        m_socket->write("HTTP/1.1 100 Continue\r\n\r\n");
    enter(State::Body);
}

void HttpConnection::readBody()
{
    const qint64 missing = m_request.head.contentLength() - m_request.body.size();
    if (missing > 0)
        m_request.body += m_socket->read(missing);
    if (m_request.body.size() == m_request.head.contentLength())
        handle(m_request);
}

void HttpConnection::handle(const HttpRequest &request)
{
    enter(State::Answering);
    const QPointer<HttpConnection> self(this);
    m_handler(request, [self, number = m_requests](const HttpResponse &response) {
        if (self)
            self->answer(number, response);
    });
}

void HttpConnection::answer(quint64 request, const HttpResponse &response)
{
    if (m_state != State::Answering || request != m_requests)
        return;
    m_socket->write(response.toBytes(m_keepAlive, m_request.head.method == "HEAD"));
    m_request = {};
    if (!m_keepAlive)
        return closeAfterWrite();
    enter(State::Head);
    // By the event loop, so that a peer with many requests in one packet does not make this recurse.
    QMetaObject::invokeMethod(this, &HttpConnection::read, Qt::QueuedConnection);
}

void HttpConnection::refuse(int status, const QString &title)
{
    m_keepAlive = false;
    m_socket->write(HttpResponse::json(status, {{"status"_L1, status}, {"title"_L1, title}}).toBytes(false));
    closeAfterWrite();
}

void HttpConnection::closeAfterWrite()
{
    enter(State::Closing);
    m_socket->skip(m_socket->bytesAvailable());
    m_socket->disconnectFromHost();
}

void HttpConnection::timedOut()
{
    switch (m_state) {
    case State::Body:
        return refuse(408, u"The body did not come in time."_s);
    case State::Head:
        if (m_socket->bytesAvailable() > 0)
            return refuse(408, u"The request head did not come in time."_s);
        return closeAfterWrite();
    case State::Answering:
        return refuse(503, u"The server did not answer in time."_s);
    case State::Handshake:
    case State::Closing:
        m_socket->abort();
        return end();
    case State::Ended:
        return;
    }
}

void HttpConnection::end()
{
    if (m_state == State::Ended)
        return;
    enter(State::Ended);
    Q_EMIT ended();
}

} // namespace Watchword::Gateway
