// SPDX-License-Identifier: Apache-2.0
#include "signin/authorizationrequest.h"
#include "signin/deviceauthorization.h"

using namespace Watchword;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArray body(reinterpret_cast<const char *>(data), qsizetype(size));
    for (const int status : {200, 201, 400, 503}) {
        HttpOutcome outcome;
        outcome.status = status;
        outcome.body = body;
        const auto device = readDeviceAuthorization(outcome, false);
        if (device
            && (device->deviceCode.isEmpty() || device->verificationUri.scheme() != QStringLiteral("https")
                || device->userCode.isEmpty() || device->interval.count() < 1 || device->expiresIn.count() < 1))
            __builtin_trap();
        const auto pushed = readPushedRequest(outcome);
        if (pushed && (pushed->requestUri.isEmpty() || pushed->expiresIn.count() < 1))
            __builtin_trap();
    }
    return 0;
}
