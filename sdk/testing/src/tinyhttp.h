// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"

#include <QByteArray>
#include <QHash>
#include <QObject>
#include <QPointer>
#include <QTcpServer>
#include <QTcpSocket>
#include <QUrl>
#include <QUrlQuery>

#include <functional>
#include <memory>

namespace Watchword {

struct TinyRequest
{
    QByteArray method;
    QByteArray path;
    QUrlQuery query;
    QUrlQuery form;
    QHash<QByteArray, QByteArray> headers; // names in lower case
};

/*! Just enough of an HTTP/1.1 server for a test's peer: one request per connection, no chunks, 1 MiB at most. */
class TinyHttp : public QObject
{
    Q_OBJECT

public:
    using Handler = std::function<void(const TinyRequest &, QTcpSocket *)>;

    explicit TinyHttp(Handler handler, QObject *parent = nullptr);
    ~TinyHttp() override;

    bool listen(quint16 port, const QString &certificateFile, const QString &keyFile);
    void close();
    quint16 port() const;

    static void setDate(QTcpSocket *socket, WallTime date); //!< For the Date of its answer; none otherwise.
    static void answer(QTcpSocket *socket, int status, const QByteArray &contentType, const QByteArray &body,
                       const QList<QByteArray> &headers = {});

private:
    void accept();
    void read(QTcpSocket *socket);

    Handler m_handler;
    std::unique_ptr<QTcpServer> m_server;
};

} // namespace Watchword
