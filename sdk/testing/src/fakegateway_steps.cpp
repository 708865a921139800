// SPDX-License-Identifier: Apache-2.0
// What a FakeGateway can do with an upgrade, and what it saw of one.
#include "watchword/testing/fakegateway.h"

namespace Watchword {

QByteArray FakeGateway::Request::bearer() const
{
    const QByteArray value = headers.value("authorization");
    const qsizetype space = value.indexOf(' ');
    const QByteArray scheme = value.first(std::max<qsizetype>(space, 0)).toLower();
    return scheme == "bearer" || scheme == "dpop" ? value.mid(space + 1) : QByteArray();
}

QString FakeGateway::Request::path() const
{
    return QUrl::fromEncoded(line.split(' ').value(1)).path();
}

FakeGateway::Step FakeGateway::refuse(int status, const QMap<QByteArray, QByteArray> &headers, const QByteArray &body)
{
    QByteArray answer = "HTTP/1.1 " + QByteArray::number(status) + " Scripted\r\n";
    for (auto header = headers.cbegin(); header != headers.cend(); ++header)
        answer += header.key() + ": " + header.value() + "\r\n";
    answer += "Content-Length: " + QByteArray::number(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
    return {.kind = Step::Kind::Answer, .answer = answer};
}

FakeGateway::Step FakeGateway::hang()
{
    return {.kind = Step::Kind::Hang};
}
FakeGateway::Step FakeGateway::drop()
{
    return {.kind = Step::Kind::Drop};
}
FakeGateway::Step FakeGateway::reset()
{
    return {.kind = Step::Kind::Reset};
}
FakeGateway::Step FakeGateway::withoutHello()
{
    return {.withHello = false};
}

FakeGateway::Step FakeGateway::closeEarly(int code, const QString &reason)
{
    return {.closeCode = code, .closeReason = reason};
}

FakeGateway::Step FakeGateway::garbage(const QByteArray &bytes)
{
    return {.kind = Step::Kind::Answer, .answer = bytes};
}

FakeGateway::Step FakeGateway::slow(const Step &step, std::chrono::milliseconds perByte)
{
    Step slowed = step;
    slowed.perByte = perByte;
    return slowed;
}

FakeGateway::Step FakeGateway::subprotocol(const QByteArray &name)
{
    return {.kind = Step::Kind::Answer,
            .answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: "
                + name + "\r\n\r\n",
            .keepOpen = true};
}

} // namespace Watchword
