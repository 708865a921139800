// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/requesthead.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

namespace Watchword::Gateway {

//! How a request says who it is (protocol.md section 1, rules 2 and 3, and "Tokens that are bound to a key").
struct Credential
{
    enum class Kind { None, Header, Subprotocol, Ticket, InUrl, Several };
    Kind kind = Kind::None;
    Secret token; //!< For Header, Subprotocol and Ticket; empty when what was sent cannot be one.
    bool isDpop = false; //!< For Header: its scheme is "DPoP" (RFC 9449 section 7.1).
    QList<QByteArray> proofs{}; //!< With isDpop: the values of all headers "DPoP"; one is right.
};

//! \a takesTickets: the parameter "ticket" of the URL is a credential, and not the application's.
WATCHWORD_TEST_EXPORT Credential credentialOf(const RequestHead &head, bool takesTickets = false);
//! What stands in parameters "ticket" of \a query and may be tickets, wherever it was sent; at most eight.
WATCHWORD_TEST_EXPORT QList<Secret> ticketsIn(const QByteArray &query);
//! \a query without the parameter "ticket".
WATCHWORD_TEST_EXPORT QByteArray withoutTicket(const QByteArray &query);

//! The first of \a supported, which are in the order of preference, that is offered; empty if none is.
WATCHWORD_TEST_EXPORT QString chosenSubprotocol(const RequestHead &head, const QStringList &supported);
//! All entries of Sec-WebSocket-Protocol but those that carry a token.
WATCHWORD_TEST_EXPORT QStringList offeredSubprotocols(const RequestHead &head);

} // namespace Watchword::Gateway
