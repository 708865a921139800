// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/await.h"
#include "watchword/core/frame.h"

#include <QStringList>
#include <QWebSocket>

#include <optional>

/*! What a client's socket received, and whether it is closed. */
struct SocketLog
{
    explicit SocketLog(QWebSocket &socket)
    {
        QObject::connect(&socket, &QWebSocket::textMessageReceived, &context, [this](const QString &text) { texts += text; });
        QObject::connect(&socket, &QWebSocket::disconnected, &context, [this] { closed = true; });
    }
    QList<Watchword::Frame> frames(const QString &type) const
    {
        QList<Watchword::Frame> found;
        for (const QString &text : texts) {
            if (!Watchword::Frame::isControl(text))
                continue;
            const Watchword::Result<Watchword::Frame> parsed = Watchword::Frame::parse(text);
            if (parsed && parsed->type() == type)
                found.append(*parsed);
        }
        return found;
    }
    std::optional<Watchword::Frame> frame(const QString &type) const
    {
        const QList<Watchword::Frame> found = frames(type);
        return found.isEmpty() ? std::nullopt : std::optional(found.first());
    }
    bool awaitFrame(const QString &type, std::chrono::milliseconds time = std::chrono::seconds(10)) const
    {
        return Support::waitUntil([&] { return frame(type).has_value(); }, time);
    }
    //! The \a number-th frame of \a type, counted from 1; none if it does not come.
    std::optional<Watchword::Frame> await(const QString &type, qsizetype number) const
    {
        if (!Support::waitUntil([&] { return frames(type).size() >= number; }))
            return {};
        return frames(type).at(number - 1);
    }
    QObject context; // the socket may outlive this
    QStringList texts;
    bool closed = false;
};

//! The status of an HTTP answer.
inline int statusOf(const QByteArray &answer)
{
    return answer.mid(9, 3).toInt();
}
