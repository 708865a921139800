// SPDX-License-Identifier: Apache-2.0
#include "connection/link.h"

namespace Watchword {

using namespace Qt::StringLiterals;

void Link::upgraded(const QString &chosen, Speech speaks)
{
    speech = speaks;
    subprotocol = chosen;
    session.clear();
    largestMessage = 0;
    serverTimeMs.reset();
}

std::optional<Instant> Link::instantOf(const QJsonValue &secondsSinceEpoch, const Clock &clock) const
{
    const double value = secondsSinceEpoch.toDouble(0);
    if (value <= 0 || value > 253'402'300'799.0)
        return std::nullopt;
    const qint64 ms = qint64(value * 1000.0);
    if (serverTimeMs)
        return serverTimeAt + Duration(ms - *serverTimeMs);
    return clock.now() + (WallTime(Duration(ms)) - clock.wallNow());
}

void Link::send(const Frame &frame) const
{
    if (transport)
        transport->sendText(frame.toText());
}

void Link::sendPing(quint64 nonce, const AuthStrategy *strategy) const
{
    if (!transport)
        return;
    if (isWatchword())
        send(Frame(QLatin1StringView(FrameType::Ping), {{u"n"_s, qint64(nonce)}}));
    else if (const auto ping = strategy ? strategy->ping(nonce) : std::nullopt)
        transport->sendText(*ping);
    else
        transport->ping(QByteArray::number(nonce));
}

} // namespace Watchword
