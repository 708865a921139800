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

bool isError(const Exchange::Message &message, DoctorOptions::TokenWay way)
{
    const QJsonObject object = QJsonDocument::fromJson(message.payload).object();
    if (way == DoctorOptions::TokenWay::GraphqlTransportWs)
        return object.value("type"_L1).toString().endsWith("error"_L1);
    return object.contains("error"_L1);
}

Admission afterSwitch(const Exchange &exchange, DoctorOptions::TokenWay way)
{
    if (exchange.closeCode > 0) {
        const bool isLimit = exchange.closeCode == 1013 || exchange.closeCode == 4429;
        const Kind kind = exchange.closeCode == kInternalError ? Kind::Failed : Kind::Refused;
        return {isLimit ? Kind::Limited : kind, u"close %1"_s.arg(exchange.closeCode)};
    }
    if (exchange.isEnded)
        return {Kind::Failed, u"HTTP 101, and then the connection ended without a close frame"_s};
    if (way == DoctorOptions::TokenWay::GraphqlTransportWs || way == DoctorOptions::TokenWay::Centrifugo) {
        const auto any = [&exchange, way](bool (*is)(const Exchange::Message &, DoctorOptions::TokenWay)) {
            return std::any_of(exchange.messages.begin(), exchange.messages.end(),
                               [is, way](const Exchange::Message &message) { return is(message, way); });
        };
        const bool isIn = any(isWelcome);
        if (!isIn && any(isError))
            return {Kind::Refused, u"an error message"_s};
        return isIn ? Admission{Kind::Admitted, u"HTTP 101 and its welcome"_s}
                    : Admission{Kind::NoAnswer, u"HTTP 101, and no welcome in time"_s};
    }
    return {Kind::Admitted, u"HTTP 101"_s};
}

} // namespace

Admission admissionOf(int status)
{
    const QString what = u"HTTP %1"_s.arg(status);
    if (status == 429 || status == 503)
        return {Kind::Limited, what};
    return {status / 100 == 5 ? Kind::Failed : Kind::Refused, what};
}

Admission admissionOf(const Exchange &exchange, DoctorOptions::TokenWay way)
{
    switch (exchange.end) {
    case Exchange::End::Opened:
        return afterSwitch(exchange, way);
    case Exchange::End::Answered:
        return admissionOf(exchange.status);
    case Exchange::End::Cut:
        return {Kind::Failed, u"the connection ended without an answer"_s};
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
