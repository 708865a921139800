// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command.h"

#include <QJsonObject>
#include <QUrl>

namespace Watchword::Tool {

/*!
    One request to the API of a gateway, as a program's whole work: gets a token, asks, prints, ends.

    The token goes to https:// alone, and to no other place than the one that was named: redirects are not followed.
*/
class ApiCall
{
public:
    static void addOptions(QCommandLineParser &parser); //!< Those of Credentials.

    explicit ApiCall(const QCommandLineParser &parser)
        : m_parser(parser)
    {
    }

    QByteArray method = "GET";
    QString path; //!< Behind /v1, with its query.
    QJsonObject body; //!< Empty: none.

    using Print = std::function<void(const QJsonObject &answer)>;
    //! \a print gets a good answer when JSON is not asked for. Returns the exit code.
    int run(const Print &print);

private:
    int finish(int status, const QByteArray &bytes, const Print &print) const;

    const QCommandLineParser &m_parser;
};

} // namespace Watchword::Tool
