// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/sessionoptions.h"
#include "watchword/core/result.h"

#include <QJsonObject>
#include <QList>
#include <QStringList>
#include <QUrl>

#include <optional>

namespace Watchword::Tool {

/*! How an account signs in; no secret. The tokens are in the encrypted store of the session. */
struct Account
{
    QString name; //!< What --account names.
    QUrl issuer;
    QString clientId;
    QStringList scopes;
    QUrl resource;
    TokenBinding binding = TokenBinding::None;
    QString passphraseFile; //!< Opens the file of the key; empty: the key is in the keychain.
    bool lifetimeFromJwt = false; //!< As SessionOptions::lifetimeFromJwt.
    QString certificateAuthority; //!< Path of a PEM file; empty: those of the system.
    QString person; //!< Who signed in, for people.

    QJsonObject toJson() const; //!< All but the name.
};

/*!
    The accounts that this program knows, in a JSON file of the person's configuration folder. The last one that signed in
    is the default. A file that cannot be read as such is an error, never overwritten.
*/
class Accounts
{
public:
    static QString path();
    static Result<Accounts> load();

    std::optional<Account> find(const QString &name) const; //!< Empty: the default.
    void put(const Account &account); //!< It becomes the default.
    void remove(const QString &name);
    Result<void> save() const;
    QList<Account> all() const { return m_accounts; }

private:
    QList<Account> m_accounts; // the default is the first
};

} // namespace Watchword::Tool
