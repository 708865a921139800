// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "probe/probe.h"
#include "probe/tlshello.h"
#include "watchword/doctor/doctoroptions.h"

namespace Watchword::Doctoring {

class Redactor;

/*! In what an upgrade differs from the right one. */
struct UpgradeShape
{
    Secret token{}; //!< Empty: none.
    QString credential{}; //!< What the token is, for the report.
    std::optional<QByteArray> origin{}; //!< Nothing: that of the options. An empty one is left out.
    QByteArray query{}; //!< Added to the target; kTokenMark stands for the token.
    QByteArray path{}; //!< Empty: that of the endpoint.
    QByteArray version = "13";
    QByteArray connection = "Upgrade";
    bool hasKey = true;
    bool isTokenElsewhere = false; //!< It stands in query or fields, and not where it should.
    QList<std::pair<QByteArray, QByteArray>> fields{}; //!< More lines; kTokenMark stands for the token.
    QList<QByteArray> subprotocols{}; //!< Offered behind those of the options.
    QList<ProbeFrame> frames{}; //!< Behind the first message, if the token travels in that.
    Duration linger{300}; //!< Some servers accept and close then.
};

constexpr char kConsentPath[] = "/.well-known/watchword-doctor";
//! What the host of \a endpoint serves at kConsentPath if its owner allows intrusive probes.
WATCHWORD_TEST_EXPORT QByteArray consentText(const QUrl &endpoint);

/*! Writes requests as the options say: host, path, Origin, subprotocols, and where the token stands. */
class WATCHWORD_TEST_EXPORT Requests
{
public:
    //! Every token that goes into a request is told to \a redactor.
    Requests(const DoctorOptions &options, Redactor *redactor);

    Probe upgrade(const QString &id, const UpgradeShape &shape) const;
    Probe plainUpgrade(const QString &id, quint16 port) const; //!< Without TLS and token.
    Probe hello(const QString &id, TlsVersion version, const QList<quint16> &suites) const;
    Probe halfHead(const QString &id) const; //!< An upgrade without its last lines.
    Probe get(const QString &id, const QByteArray &path) const; //!< No upgrade, no token. An empty path is the endpoint's.
    Probe getFromIssuer(const QString &id, const QUrl &url) const;
    //! A form with \a token as the value of \a name, behind \a fields.
    Probe postToIssuer(const QString &id, const QUrl &url, const QByteArray &fields, const QByteArray &name,
                       const Secret &token) const;
    const DoctorOptions &options() const { return m_options; }

private:
    QByteArray headOf(const UpgradeShape &shape) const;
    QByteArray target(const UpgradeShape &shape) const;
    QByteArray subprotocolsOf(const UpgradeShape &shape) const;

    const DoctorOptions &m_options;
    Redactor *m_redactor;
};

} // namespace Watchword::Doctoring
