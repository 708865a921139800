// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/connection.h"
#include "watchword/testing/faultytransport.h"
#include "watchword/testing/manualclock.h"

#include <QCoreApplication>

#include <memory>

namespace DeliveryTest {

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Delivery = Connection::Delivery;
using State = Connection::State;

/*! A Connection on a clock that stands still and a network that the test plays. */
struct Bench
{
    explicit Bench(const std::function<void(ConnectionOptions &)> &change = {})
    {
        ConnectionOptions options;
        options.url = QUrl(u"wss://example.test/"_s);
        options.clock = &clock;
        options.transport = FaultyTransport::factory(network);
        if (change)
            change(options);
        connection = std::make_unique<Connection>(nullptr, options);
    }
    FaultyTransport *transport() const { return network->current; }
    void open(const QString &subprotocol = QLatin1StringView(kSubprotocol), const QJsonObject &hello = {})
    {
        if (connection->state() == State::Disconnected)
            connection->open();
        else if (connection->state() == State::Waiting)
            connection->retryNow();
        transport()->open(subprotocol);
        if (subprotocol == QLatin1StringView(kSubprotocol))
            transport()->receiveText(Frame(u"hello"_s, hello).toText());
    }
    void drop() { transport()->end({.closeCode = 1006}); }
    //! The control frames that the client sent on the present transport.
    QList<Frame> frames(const QString &type) const
    {
        QList<Frame> found;
        for (const QString &text : transport()->texts()) {
            const Result<Frame> frame = Frame::parse(text);
            if (frame && frame->type() == type)
                found.append(*frame);
        }
        return found;
    }
    QStringList ids(const QString &type) const
    {
        QStringList found;
        for (const Frame &frame : frames(type))
            found.append(frame.fields().value("id"_L1).toString());
        return found;
    }
    void receive(const QString &type, const QJsonObject &fields, const QByteArray &payload = {})
    {
        transport()->receiveText(Frame(type, fields, payload).toText());
    }
    void acknowledge(const QString &id) { receive(u"ack"_s, {{u"id"_s, id}}); }

    ManualClock clock;
    std::shared_ptr<FaultyTransport::Network> network = std::make_shared<FaultyTransport::Network>();
    std::unique_ptr<Connection> connection;
};

template <typename T>
ErrorCode codeOf(const QFuture<Result<T>> &future)
{
    return future.isFinished() && !future.result() ? future.result().error().code() : ErrorCode::Internal;
}

} // namespace DeliveryTest
