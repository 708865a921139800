// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/doctoroptions.h"
#include "watchword/doctor/report.h"

#include <QObject>

#include <memory>

namespace Watchword {

/*!
    Examines a WSS endpoint against the ten practices: it connects as clients do and as clients must not, and judges what
    comes back.

        Idle --start()--> Running --all checks have ended, or a budget, or stop()--> Done

    It sends nothing that a sound server passes on to the application behind it unless DoctorOptions::intrusive is set,
    follows no redirect, and sends nothing to another host, but for the issuer that DoctorOptions names. Whatever the server
   sends, an examination ends within its DoctorOptions::timeBudget and needs little memory.

    If the certificate is not trusted, nothing that needs TLS is sent; the report says so. TLS errors are never ignored.

    Threads:   lives in one thread with an event loop; calls and signals there.
    Ownership: owns all its connections. It may be deleted in any slot by deleteLater().
    Errors:    error() is set if nothing could be examined at all: ConfigInvalid for options that cannot work, Offline
               if the endpoint cannot be reached. Everything else is a Finding.
    Destruction ends all connections and emits nothing.
*/
class WATCHWORD_DOCTOR_EXPORT Doctor : public QObject
{
    Q_OBJECT
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)

public:
    enum class State { Idle, Running, Done };
    Q_ENUM(State)

    explicit Doctor(DoctorOptions options, QObject *parent = nullptr);
    ~Doctor() override;

    State state() const;
    std::optional<Error> error() const; //!< Once Done.
    const Report &report() const; //!< What is known so far; final once Done.

public Q_SLOTS:
    void start(); //!< No effect unless Idle. Fails never inside this call: see finished().
    void stop(); //!< Ends with what is known so far; the rest is Skipped. No effect unless Running.

Q_SIGNALS:
    void stateChanged(Watchword::Doctor::State state);
    void checked(const Watchword::Finding &finding, int done, int total); //!< In the order in which checks end.
    void finished(); //!< Once, when the state is Done.

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::Finding)
