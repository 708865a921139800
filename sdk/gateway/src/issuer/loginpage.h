// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"

#include <QByteArray>
#include <QString>

namespace Watchword::Gateway {

struct LoginForm
{
    QString request;
    QString csrf;
    QString clientName;
    QString username; //!< What stands in the field already.
    QString problem; //!< Empty, or what was wrong, for people.
};

//! One form: POST /login with "request", "csrf", "username", "password" and the buttons "action"="sign-in" | "cancel".
WATCHWORD_TEST_EXPORT QByteArray loginPage(const LoginForm &form);
//! A page that only says something.
WATCHWORD_TEST_EXPORT QByteArray messagePage(const QString &title, const QString &text);

} // namespace Watchword::Gateway
