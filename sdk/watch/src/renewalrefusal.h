// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QJsonObject>
#include <QString>

namespace Watchword {

/*! Why a stream does not take the renewed token: "auth.fail" (protocol.md section 2). */
struct RenewalRefusal
{
    int code = 0; //!< A close code.
    QString reason{};
    QByteArray nonce{}; //!< For the next proofs; empty if there is none.

    static RenewalRefusal fromJson(const QJsonObject &json)
    {
        return {json.value(QLatin1StringView("code")).toInt(), json.value(QLatin1StringView("reason")).toString(),
                json.value(QLatin1StringView("nonce")).toString().toLatin1()};
    }
};

} // namespace Watchword
