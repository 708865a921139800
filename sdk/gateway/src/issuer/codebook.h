// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

#include <QHash>
#include <QStringList>

#include <chrono>
#include <optional>

namespace Watchword::Gateway {

/*! What an authorization code stands for. */
struct CodeGrant
{
    QString sessionId;
    QString subject;
    QString name;
    QString clientId;
    QString redirectUri;
    QString nonce;
    QString challenge;
    QStringList scopes;
    WallTime authTime{};
    WallTime expires{};
};

/*!
    Authorization codes between the redirect and /token; only their hashes are kept. A spent one is remembered for longer than
    it was good, because a code that comes twice is a sign of theft. Bounded: 10,000. Threads: reentrant.
*/
class WATCHWORD_TEST_EXPORT CodeBook
{
public:
    explicit CodeBook(std::chrono::seconds memory); //!< How long a code is remembered after its end.

    bool isFull() const;
    Secret issue(const CodeGrant &grant); //!< A fresh code.
    struct Presented
    {
        CodeGrant grant;
        bool isReplay = false; //!< It came before.
    };
    std::optional<Presented> present(const QString &code); //!< Nothing for a code that is not remembered.
    void forget(WallTime now);

private:
    struct Entry
    {
        CodeGrant grant;
        bool isSpent = false;
    };

    std::chrono::seconds m_memory;
    QHash<QByteArray, Entry> m_codes; // by the code's hash
};

} // namespace Watchword::Gateway
