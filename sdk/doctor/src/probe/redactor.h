// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

#include <QByteArray>
#include <QList>
#include <QString>
#include <QStringList>

namespace Watchword::Doctoring {

struct Exchange;

/*!
    The only way from bytes of the wire to a report: tokens are replaced, also those that look like one, control characters
    and what could turn the direction of text are written out, and what is long is cut.
*/
class WATCHWORD_TEST_EXPORT Redactor
{
public:
    void add(const Secret &secret); //!< It, its parts, and both percent-encoded are never shown.
    QString clean(QByteArrayView bytes, qsizetype limit = 200) const; //!< One line.
    QString cleanText(const QString &text, qsizetype limit = 200) const { return clean(QByteArrayView(text.toUtf8()), limit); }
    QStringList evidenceOf(const Exchange &exchange) const; //!< Request and answer.
    //! True if \a bytes hold a secret that was added.
    bool finds(QByteArrayView bytes) const;

private:
    QStringList messagesOf(const Exchange &exchange) const;
    QByteArray withoutSecrets(QByteArrayView bytes) const;

    QList<Secret> m_parts;
};

} // namespace Watchword::Doctoring
