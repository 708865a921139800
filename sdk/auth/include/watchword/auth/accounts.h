// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/sessionoptions.h"

#include <QDateTime>
#include <QMetaType>

namespace Watchword {

/*! An account of this application whose tokens are stored here: what a list to choose from shows. No secret is in it. */
struct WATCHWORD_AUTH_EXPORT StoredAccount
{
    Q_GADGET
    Q_PROPERTY(QString account MEMBER account)
    Q_PROPERTY(QUrl issuer MEMBER issuer)
    Q_PROPERTY(QString clientId MEMBER clientId)
    Q_PROPERTY(QString name MEMBER name)
    Q_PROPERTY(QString subject MEMBER subject)
    Q_PROPERTY(QDateTime signedInAt MEMBER signedInAt)

public:
    QString account; //!< SessionOptions::account.
    QUrl issuer;
    QString clientId;
    QString name; //!< For people; empty if the provider gave none.
    QString subject; //!< "sub"; empty without the scope "openid".
    QDateTime signedInAt; //!< UTC.

    friend bool operator==(const StoredAccount &, const StoredAccount &) = default;
};

/*!
    The accounts of one application, the last one that signed in first. One session serves one account; make a Session with
    StoredAccount::account, issuer and clientId for each that is to be used.

    An account is listed from its first sign-in until its sign-out, also while only a person can help it. The list is in
    small files beside the tokens, so that it needs no keychain; it holds names, and like the tokens it is readable by this
    user only.

    Threads: any; reads a few files. Files that cannot be read are left out.
*/
class WATCHWORD_AUTH_EXPORT Accounts
{
public:
    //! Of the application that \a options name by storageFolder, or by applicationId; the rest does not matter.
    static QList<StoredAccount> stored(const SessionOptions &options);
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::StoredAccount)
