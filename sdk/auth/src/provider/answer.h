// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/httpoutcome.h"
#include "watchword/core/testexport.h"

#include <QJsonObject>
#include <QStringList>

namespace Watchword {

/*
    How the answers of a provider are read, the same at every endpoint: what is written in another form than the standard says,
   and means one thing only, is read; what is optional and cannot be read is absent.
*/

//! The object that \a body is. A byte order mark before it is skipped; of a member that occurs twice the last one counts.
WATCHWORD_TEST_EXPORT std::optional<QJsonObject> answerObject(QByteArrayView body);
//! The answer is a page for people (HTML), as portals and proxies give it. Nothing is no page, and neither is JSON.
WATCHWORD_TEST_EXPORT bool isPage(const HttpOutcome &outcome);
//! Undefined, null or an empty text: some providers write what they do not have in these ways.
WATCHWORD_TEST_EXPORT bool isAbsent(const QJsonValue &value);
//! A finite number, or the text of one.
WATCHWORD_TEST_EXPORT std::optional<double> numberOf(const QJsonValue &value);
//! A list of texts, or one text, which is split at blanks. Empty if it is neither.
WATCHWORD_TEST_EXPORT std::optional<QStringList> textsOf(const QJsonValue &value);
//! True, also as text.
WATCHWORD_TEST_EXPORT bool flagOf(const QJsonValue &value);
//! For logs and dialogs: printable, in one line, at most \a longest characters.
WATCHWORD_TEST_EXPORT QString printable(const QString &text, qsizetype longest = 300);

} // namespace Watchword
