// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/gatedecision.h"
#include "watchword/core/closepolicy.h"

namespace Watchword::Gateway {

/*!
    A refusal for a page in a browser, which is shown neither the status nor the body of an answer to an upgrade
    (EndpointConfig::RejectStyle::AcceptThenClose): the 101 chooses subprotocol, and frames follow it at once. Nothing is read
    of such a connection, so that it costs what an answer by HTTP costs.
*/
struct CloseAnswer
{
    int code = 0; //!< Of the close frame.
    QString subprotocol; //!< Of the client's offer; empty if it made none.
    QByteArray frames; //!< For watchword.v1 a "bye", then the close frame.
};

//! The code that says \a refusal behind a 101.
CloseCode closeCodeOf(const Refusal &refusal);
//! Nothing where the answer has to be by HTTP: the endpoint does not ask for another, the request is no good upgrade, not from a
//! page of an allowed Origin, from a program that can send Authorization, there is no code for the refusal, or no target.
WATCHWORD_TEST_EXPORT std::optional<CloseAnswer> closeAnswerOf(const Refusal &refusal, const QString &ref,
                                                               const RequestHead &head, const GateTarget *target);

} // namespace Watchword::Gateway
