// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/await.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QWebSocket>

#include <memory>

/*! A client or a monitor, and what it was told. */
struct WatchedClient
{
    explicit WatchedClient(std::unique_ptr<QWebSocket> s)
        : socket(std::move(s))
    {
        QObject::connect(socket.get(), &QWebSocket::textMessageReceived, socket.get(),
                         [this](const QString &text) { frames.append(QJsonDocument::fromJson(text.toUtf8()).object()); });
        QObject::connect(socket.get(), &QWebSocket::connected, socket.get(), [this] { isOpen = true; });
        QObject::connect(socket.get(), &QWebSocket::disconnected, socket.get(), [this] { isClosed = true; });
    }
    ~WatchedClient() { socket->disconnect(); }

    bool opened()
    {
        return Support::waitUntil([this] { return isOpen || isClosed; }) && isOpen && !isClosed;
    }
    bool closed()
    {
        return Support::waitUntil([this] { return isClosed; });
    }
    int code() const { return int(socket->closeCode()); }
    QJsonObject frame(const QString &type)
    {
        QJsonObject found;
        Support::waitUntil([&] {
            for (const QJsonObject &frame : std::as_const(frames)) {
                if (frame.value(QLatin1StringView("t")) == type)
                    found = frame;
            }
            return !found.isEmpty() || isClosed;
        });
        return found;
    }

    std::unique_ptr<QWebSocket> socket;
    QList<QJsonObject> frames;
    bool isOpen = false;
    bool isClosed = false;
};
