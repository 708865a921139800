// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

/*!
    Lives of access tokens in virtual time: the pure cores of a session (corrected clock, life of a token, schedule, retries and
    the refresh transaction) against a provider that rotates, on machines that sleep, crash and are started anew, whose date is
    wrong and set while they run, with one or two processes, slow and failing networks and disks that sometimes fail.

    The truth is kept outside: when the provider lets each token end. Every token that a process would hand out is checked
    against it.
*/
struct SimulationResult
{
    qint64 lifetimes = 0; //!< Access tokens that the provider issued.
    qint64 requests = 0; //!< Token requests that reached it.
    qint64 inOutages = 0; //!< Of them, while it could not answer.
    qint64 handedOut = 0; //!< Checks in which a token was handed out.
    qint64 expired = 0; //!< Of them, tokens that had ended.
    qint64 storms = 0; //!< Minutes in which one account asked more than 20 times, and 4 times for each lifetime in them.
    qint64 spentAgain = 0; //!< Refresh tokens that were sent although their answer was stored.
    qint64 lost = 0; //!< Refresh tokens that were received and dropped by a living process.
    qint64 falseSignOuts = 0; //!< A person was asked although the provider had ended nothing.
    qint64 signIns = 0; //!< A person was asked, for good reason.
    qint64 crashes = 0, reboots = 0, sleeps = 0, steps = 0, outages = 0;
    int mostInAMinute = 0;
    QString firstProblem; //!< Where to look; empty if all is well.

    bool isGood() const { return expired == 0 && storms == 0 && spentAgain == 0 && lost == 0 && falseSignOuts == 0; }
    //! While the provider worked; 1 is the least.
    double requestsPerLifetime() const { return lifetimes ? double(requests - inOutages) / double(lifetimes) : 0; }
    QString toString() const;
};

SimulationResult simulateTokens(qint64 lifetimes, quint64 seed, quint64 firstWorld = 0);
