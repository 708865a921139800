// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/linkfailure.h"

#include <QList>
#include <QObject>
#include <QPointer>
#include <QSslCertificate>
#include <QUrl>

class QSslSocket;

namespace Monitor {

/*!
    Knows by which certificate a gateway was trusted, and which one it shows when it is not trusted any more, so that a person can
    compare the two. It asks by a TLS handshake of its own, which sends nothing and is ended at once; nothing that is wrong with a
    certificate is ignored.

    Threads: the one it lives in. Errors: a gateway that cannot be reached leaves the facts as they are.
*/
class CertificateWatch : public QObject
{
    Q_OBJECT

public:
    //! \a isKept: what is known is in the settings, for the next run.
    CertificateWatch(QUrl gateway, QList<QSslCertificate> additionalAuthorities, bool isKept, QObject *parent = nullptr);
    ~CertificateWatch() override;

    void look(); //!< No effect while a look goes on.
    const CertificateFacts &facts() const { return m_facts; }

Q_SIGNALS:
    void changed();

private:
    QString key() const;
    void note(const QSslCertificate &certificate, bool isTrusted);

    const QUrl m_gateway;
    const QList<QSslCertificate> m_authorities;
    const bool m_isKept;
    CertificateFacts m_facts;
    QPointer<QSslSocket> m_socket;
};

} // namespace Monitor
