// SPDX-License-Identifier: Apache-2.0
#include "signin/deviceauthorization.h"

#include "provider/answer.h"
#include "provider/discovery.h"
#include "provider/tokenresponse.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds kLongestLife = std::chrono::hours(24);
constexpr std::chrono::seconds kLongestInterval = std::chrono::minutes(10);

Error wrong(const QString &what)
{
    return Error(ErrorCode::InvalidResponse, u"the device authorization response "_s + what);
}

bool isShowable(const QString &code)
{
    return !code.isEmpty() && code.size() <= 64
        && std::all_of(code.begin(), code.end(), [](QChar c) { return c.isPrint() && !c.isSurrogate(); });
}

} // namespace

Result<DeviceAuthorization> parseDeviceAuthorization(QByteArrayView body, bool allowLoopbackHttp)
{
    if (body.size() > kLargestDeviceAuthorization)
        return Error(ErrorCode::ResponseTooLarge, u"the device authorization response is larger than 64 KiB"_s);
    const std::optional<QJsonObject> read = answerObject(body);
    if (!read)
        return wrong(u"is not a JSON object"_s);
    const QJsonObject &object = *read;
    DeviceAuthorization result;
    result.deviceCode = Secret::take(object.value("device_code"_L1).toString().toUtf8());
    if (result.deviceCode.isEmpty())
        return wrong(u"has no device_code"_s);
    result.userCode = object.value("user_code"_L1).toString();
    if (!isShowable(result.userCode))
        return wrong(u"has no user_code that can be shown"_s);
    result.verificationUri = QUrl(object.value("verification_uri"_L1).toString(), QUrl::StrictMode);
    if (!isSafeUrl(result.verificationUri, allowLoopbackHttp))
        return wrong(u"has no usable verification_uri"_s);
    const QUrl complete(object.value("verification_uri_complete"_L1).toString(), QUrl::StrictMode);
    if (isSafeUrl(complete, allowLoopbackHttp))
        result.verificationUriComplete = complete;
    const auto life = numberOf(object.value("expires_in"_L1));
    if (!life || *life < 1)
        return wrong(u"has no usable expires_in"_s);
    result.expiresIn = std::chrono::seconds(qint64(std::min(*life, double(kLongestLife.count()))));
    // Never more than one question a second, whatever a provider allows.
    const auto interval = numberOf(object.value("interval"_L1));
    if (interval && *interval >= 0)
        result.interval = std::chrono::seconds(qint64(std::clamp(*interval, 1.0, double(kLongestInterval.count()))));
    return result;
}

Result<DeviceAuthorization> readDeviceAuthorization(const HttpOutcome &outcome, bool allowLoopbackHttp)
{
    if (outcome.failure)
        return *outcome.failure;
    if (outcome.status == 200) {
        if (isPage(outcome))
            return Error(ErrorCode::CaptivePortal, u"the device authorization endpoint answered with a page"_s);
        return parseDeviceAuthorization(outcome.body, allowLoopbackHttp);
    }
    return classifyTokenAnswer(outcome, AnswerTo::Request).error;
}

} // namespace Watchword
