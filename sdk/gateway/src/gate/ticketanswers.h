// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/refusal.h"

namespace Watchword::Gateway {

// Answers at kTicketPath to pages of other hosts (Fetch, "CORS protocol"): the Origin was found on the endpoint's list before.
QByteArray preflightAnswer(const RequestHead &head);
QByteArray ticketAnswer(const RequestHead &head, const QByteArray &ticket, std::chrono::seconds lifetime);
//! So that a page of \a target's Origins sees why it was refused.
void showToPage(Refusal &refusal, const RequestHead &head, const GateTarget &target);

} // namespace Watchword::Gateway
