// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "deliverybench.h"

#include <QSignalSpy>

namespace DeliveryTest {

/*! A Connection that is replaced: the old transport, the new one, and all that must not happen meanwhile. */
struct SwapBench : Bench
{
    explicit SwapBench(const std::function<void(ConnectionOptions &)> &change = {})
        : Bench(change)
        , states(connection.get(), &Connection::stateChanged)
        , closed(connection.get(), &Connection::closed)
        , ready(connection.get(), &Connection::ready)
        , replaced(connection.get(), &Connection::replaced)
        , errors(connection.get(), &Connection::errorOccurred)
    {
        QObject::connect(connection.get(), &Connection::messageReceived, connection.get(),
                         [this](const QByteArray &message) { received.append(message); });
    }
    FaultyTransport *at(int index) const { return network->transports.value(index); }
    FaultyTransport *older() const { return at(int(network->transports.size()) - 2); }
    void startReplacement(const QString &subprotocol = QLatin1StringView(kSubprotocol))
    {
        open(subprotocol);
        states.clear();
        connection->replace();
    }
    //! To the moment at which the new one is accepted.
    void swap(const QString &subprotocol = QLatin1StringView(kSubprotocol))
    {
        startReplacement(subprotocol);
        open(subprotocol);
    }
    static void give(FaultyTransport *to, const QString &type, const QJsonObject &fields, const QByteArray &payload = {})
    {
        to->receiveText(Frame(type, fields, payload).toText());
    }
    //! The old server has read everything.
    static void pong(FaultyTransport *from)
    {
        for (const QString &text : from->texts()) {
            const Result<Frame> frame = Frame::parse(text);
            if (frame && frame->type() == "ping"_L1)
                give(from, u"pong"_s, frame->fields());
        }
        for (const QByteArray &payload : from->pings())
            from->receivePong(payload);
    }
    static QStringList typesOn(const FaultyTransport *transport)
    {
        QStringList types;
        for (const QString &text : transport->texts())
            types.append(Frame::isControl(text) ? Frame::parse(text).value().type() : text);
        return types;
    }
    bool isCalm() const { return states.isEmpty() && closed.isEmpty() && connection->state() == State::Ready; }

    QSignalSpy states;
    QSignalSpy closed;
    QSignalSpy ready;
    QSignalSpy replaced;
    QSignalSpy errors;
    QList<QByteArray> received;
};

} // namespace DeliveryTest
