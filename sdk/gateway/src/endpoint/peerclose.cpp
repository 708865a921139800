// SPDX-License-Identifier: Apache-2.0
#include "endpoint/peerclose.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

QString retryWord(CloseCode code)
{
    if (quint16(code) == 1007) // text that is not UTF-8, data that cannot be inflated
        return u"stop"_s;
    switch (code) {
    case CloseCode::TokenExpired:
    case CloseCode::PolicyChanged:
        return u"refresh"_s;
    case CloseCode::TokenInvalid:
    case CloseCode::SessionRevoked:
    case CloseCode::StepUpRequired:
        return u"sign_in"_s;
    case CloseCode::Forbidden:
    case CloseCode::Replaced:
    case CloseCode::Idle:
    case CloseCode::Locked:
    case CloseCode::ConnectionLimit:
    case CloseCode::MessageTooBig:
    case CloseCode::ProtocolError:
    case CloseCode::PolicyViolation:
        return u"stop"_s;
    default:
        return u"retry"_s;
    }
}

} // namespace

void setUntil(PeerClose &close, WallTime until, WallTime now)
{
    close.members.insert("until"_L1, toRfc3339(until));
    close.after = std::max(until - now, Duration(1));
}

Frame byeOf(const PeerClose &close)
{
    const QString reason = close.reason.isEmpty() ? closeCodeName(int(close.code)) : close.reason;
    QJsonObject bye = close.members;
    bye.insert("code"_L1, int(close.code));
    const bool isTimed = close.code == CloseCode::Locked && close.members.contains("until"_L1);
    bye.insert("retry"_L1, isTimed ? u"retry"_s : retryWord(close.code));
    bye.insert("after_ms"_L1, qint64(close.after.count()));
    bye.insert("reason"_L1, close.text.isEmpty() ? reason : close.text);
    if (!close.ref.isEmpty())
        bye.insert("ref"_L1, close.ref);
    return Frame(QLatin1StringView(FrameType::Bye), bye);
}

Frame byeOf(const Net::WebSocketEnd &fault)
{
    return byeOf({.code = CloseCode(fault.code), .text = QString::fromStdString(fault.reason)});
}

} // namespace Watchword::Gateway
