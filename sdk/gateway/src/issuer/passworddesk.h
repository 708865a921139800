// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/issuerservices.h"
#include "issuer/sealer.h"
#include "issuer/signinbrake.h"
#include "watchword/core/secret.h"

#include <QObject>
#include <QThreadPool>

#include <functional>

namespace Watchword::Gateway {

/*!
    Where passwords are given: behind the brake, in workers, and as slowly for a name that nobody has as for one that somebody
    has. Failures are recorded here.

    Life cycle: open() once, check() any number of times; an answer comes once, unless the desk goes first. The destructor
    waits for passwords that are being checked. Threads: one; hashes are made in two workers.
    Bounds: 64 passwords in work, 8 of one network.
*/
class PasswordDesk : public QObject
{
    Q_OBJECT

public:
    explicit PasswordDesk(IssuerServices &services);
    ~PasswordDesk() override;

    Result<void> open();

    struct Attempt
    {
        QString name; //!< As typed.
        Secret password;
        QString clientId; //!< Of the app that it is for; empty: none.
    };
    struct Verdict
    {
        enum class Outcome {
            Good,
            Wrong, //!< The name or the password.
            TooMany, //!< Not looked at; come back after wait.
            Busy //!< Not looked at; others are being checked.
        };
        Outcome outcome = Outcome::Wrong;
        std::optional<IssuerUser> user{}; //!< Whose password it is, for Good.
        std::chrono::seconds wait{0};
        QByteArray deviceCookie{}; //!< To be set, for Good, where the browser is new.
    };
    void check(const Attempt &attempt, const HttpRequest &request, const std::function<void(const Verdict &)> &answer);

    //! Tells the audit, as "signin.failed".
    void recordFailure(const std::optional<IssuerUser> &known, const QString &clientId, const QString &reason,
                       const HttpRequest &request);

private:
    struct Work;
    void checkInWorker(const std::shared_ptr<Work> &work);
    void checked(const std::shared_ptr<Work> &work, bool isRight);
    QString deviceOf(const HttpRequest &request, const std::optional<IssuerUser> &known) const;

    IssuerServices &m_services;
    SignInBrake m_brake;
    const Sealer m_devices;
    QString m_decoyHash; // checked for unknown names, so that they take as long as known ones
    QHash<QString, int> m_inWork; // by network
    int m_allInWork = 0;
    QThreadPool m_workers;
};

} // namespace Watchword::Gateway
