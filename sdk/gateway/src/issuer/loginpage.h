// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"

#include <QByteArray>
#include <QDateTime>
#include <QList>
#include <QString>
#include <QStringList>

#include <chrono>

namespace Watchword::Gateway {

struct LoginForm
{
    QString request;
    QString csrf;
    QString clientName;
    QString username; //!< What stands in the field already.
    QString problem; //!< Empty, or what was wrong, for people.
    QStringList scopes{}; //!< What the app asks for.
    std::chrono::seconds lifetime{0}; //!< How long what is granted lasts at most.
};

struct AccountForm
{
    QString username;
    QString problem; //!< Empty, or what was wrong, for people.
};

/*! One session, as its person sees it. */
struct AccountSession
{
    QString id;
    QString clientName;
    QStringList scopes;
    QDateTime since;
    QDateTime until; //!< It ends then at the latest.
};

//! One form: POST /login with "request", "csrf", "username", "password" and the buttons "action"="sign-in" | "cancel".
WATCHWORD_TEST_EXPORT QByteArray loginPage(const LoginForm &form);
//! What is wrong with a sign-in, for people.
QString signInProblem(bool isBraked);
//! One form: POST /account with "username" and "password".
WATCHWORD_TEST_EXPORT QByteArray accountSignInPage(const AccountForm &form);
//! A form a session, and one for all: POST /account/end with "ticket" and "session", which is an id or "all".
WATCHWORD_TEST_EXPORT QByteArray accountPage(const QString &userName, const QString &ticket,
                                             const QList<AccountSession> &sessions, const QString &note);
//! One form: POST /device with "user_code".
WATCHWORD_TEST_EXPORT QByteArray deviceCodePage(const QString &userCode, const QString &problem);
//! One form: POST /device/confirm with "user_code" (the request of \a form), "csrf", "username", "password" and the buttons
//! "action"="allow" | "deny".
WATCHWORD_TEST_EXPORT QByteArray deviceConfirmPage(const LoginForm &form);
//! A page that only says something.
WATCHWORD_TEST_EXPORT QByteArray messagePage(const QString &title, const QString &text);

} // namespace Watchword::Gateway
