// SPDX-License-Identifier: Apache-2.0
#include "probe/admission.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

using Kind = Admission::Kind;

bool isWelcome(const Exchange::Message &message, DoctorOptions::TokenWay way)
{
    const QJsonObject object = QJsonDocument::fromJson(message.payload).object();
    if (way == DoctorOptions::TokenWay::GraphqlTransportWs)
        return object.value("type"_L1) == "connection_ack"_L1;
    return object.contains("connect"_L1);
}

Admission afterSwitch(const Exchange &exchange, DoctorOptions::TokenWay way)
{
    if (exchange.closeCode > 0 || exchange.isEnded) {
        const QString what = exchange.closeCode > 0 ? u"close %1"_s.arg(exchange.closeCode) : u"the connection was ended"_s;
        return {exchange.closeCode == 1013 || exchange.closeCode == 4429 ? Kind::Limited : Kind::Refused, what};
    }
    if (way == DoctorOptions::TokenWay::GraphqlTransportWs || way == DoctorOptions::TokenWay::Centrifugo) {
        const bool isIn = std::any_of(exchange.messages.begin(), exchange.messages.end(),
                                      [way](const Exchange::Message &message) { return isWelcome(message, way); });
        return isIn ? Admission{Kind::Admitted, u"HTTP 101 and its welcome"_s} : Admission{Kind::Refused, u"no welcome"_s};
    }
    return {Kind::Admitted, u"HTTP 101"_s};
}

} // namespace

Admission admissionOf(const Exchange &exchange, DoctorOptions::TokenWay way)
{
    switch (exchange.end) {
    case Exchange::End::Opened:
        return afterSwitch(exchange, way);
    case Exchange::End::Answered:
        return {exchange.status == 429 || exchange.status == 503 ? Kind::Limited : Kind::Refused,
                u"HTTP %1"_s.arg(exchange.status)};
    case Exchange::End::Cut:
        return {Kind::Refused, u"the connection was ended"_s};
    case Exchange::End::Malformed:
        return {Kind::NoAnswer, u"an answer that is no HTTP"_s};
    case Exchange::End::Silent:
        return {Kind::NoAnswer, u"no answer in time"_s};
    case Exchange::End::Raw:
    case Exchange::End::Unreachable:
    case Exchange::End::Untrusted:
        break;
    }
    return {Kind::NoAnswer, u"no connection"_s};
}

} // namespace Watchword::Doctoring
