// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/httpserver.h"

#include <QSslSocket>
#include <QTimer>

namespace Watchword::Gateway {

/*!
    One connection of an HttpServer: reads a request, hands it on, writes the answer, and so on.
    Emits ended() once, when it is of no use any more; its owner deletes it then.
*/
class HttpConnection : public QObject
{
    Q_OBJECT

public:
    HttpConnection(QSslSocket *socket, const HttpServer::Handler &handler, const HttpLimits &limits, QObject *parent);
    void start();

Q_SIGNALS:
    void ended();

private:
    enum class State { Handshake, Head, Body, Answering, Closing, Ended };

    void enter(State state);
    void read();
    void readHead();
    void readBody();
    void handle(const HttpRequest &request);
    void answer(quint64 request, const HttpResponse &response);
    void refuse(int status, const QString &title);
    void closeAfterWrite();
    void timedOut();
    void end();

    QSslSocket *m_socket;
    const HttpServer::Handler &m_handler;
    const HttpLimits &m_limits;
    QTimer m_timer;
    State m_state = State::Handshake;
    HttpRequest m_request;
    quint64 m_requests = 0;
    bool m_keepAlive = false;
};

} // namespace Watchword::Gateway
