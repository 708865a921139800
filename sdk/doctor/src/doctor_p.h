// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "examination.h"
#include "probe/prober.h"
#include "watchword/doctor/doctor.h"

#include <QElapsedTimer>
#include <QTcpServer>
#include <QTimer>

#include <deque>

namespace Watchword {

/*! Sends the probes of the examination, one after the other but for those that take long. */
class Doctor::Private
{
public:
    Private(Doctor *doctor, DoctorOptions doctorOptions);

    void start();
    void pump();
    void askAudit();
    void send(const Doctoring::Probe &probe);
    void answered(const Doctoring::Probe &probe, const Doctoring::Exchange &exchange);
    void goOnBehind(const QString &probe);
    bool tryAgain(const Doctoring::Probe &probe, const Doctoring::Exchange &exchange);
    void tell();
    void finish();
    void setState(State next);
    std::optional<Error> misconfigured() const;

    Doctor *const q;
    const DoctorOptions options;
    Doctoring::Examination examination;
    Doctoring::Destination destination;
    State state = State::Idle;
    std::optional<Error> error;
    Report report;
    std::deque<Doctoring::Probe> queue;
    bool isWaiting = false; //!< For the answer of a probe that is not beside, or for the pace.
    QString awaited; //!< Probe::isOpenFirst, until it is.
    QTcpServer trap; //!< Who comes here followed an address that stood in a token.
    QList<Finding> untold;
    int told = 0;
    bool isTelling = false;
    bool isAuditAsked = false;
    QSet<QString> triedAgain;
    QTimer pace;
    QTimer budget;
    QTimer ending; //!< Of stop(): behind whoever called it.
    QElapsedTimer running;
    QElapsedTimer sinceSent;
};

} // namespace Watchword
