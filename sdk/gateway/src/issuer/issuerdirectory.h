// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/issueroptions.h"
#include "watchword/core/result.h"
#include "watchword/core/testexport.h"

#include <optional>

namespace Watchword::Gateway {

/*!
    Who can sign in at the embedded issuer, by which apps and for what, and what the issuer is called.

    Threads: reentrant. Pointers to clients stay valid as long as the directory lives.
*/
class WATCHWORD_TEST_EXPORT IssuerDirectory
{
public:
    explicit IssuerDirectory(const IssuerOptions &options);

    Result<void> check() const; //!< ConfigInvalid names the user or client that is wrong.
    const IssuerClient *client(const QString &id) const;
    std::optional<IssuerUser> user(const QString &name) const; //!< Compared without case.
    const QList<IssuerUser> &users() const { return m_users; }
    //! Beside those of the options; who has a name of theirs is left out. True if anything changed.
    bool setMoreUsers(const QList<IssuerUser> &users);

    QString url() const; //!< The issuer identifier, without a slash at the end.
    void setUrl(const QUrl &url) { m_url = url; }

    static const QStringList &standardScopes(); //!< Those that every client and user may have.
    //! Those of \a wanted that are standard scopes or in \a most, each once.
    static QStringList allowedScopes(const QStringList &wanted, const QStringList &most);

private:
    QList<IssuerUser> m_fixedUsers;
    QList<IssuerUser> m_users; // all
    QList<IssuerClient> m_clients;
    QUrl m_url;
};

} // namespace Watchword::Gateway
