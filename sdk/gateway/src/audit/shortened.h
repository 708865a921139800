// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditentry.h"

namespace Watchword::Gateway {

constexpr qsizetype kLargestEvent = 64 * 1024; //!< As CloudEvents asks.
constexpr int kShortenings = 3;

/*!
    \a entry without what is too much for one event, a little more at each \a attempt below kShortenings. Who it was, to whom,
    from where and why stay whole; lists of targets keep their first entries and say how many more there were
    (target.more). "truncated" says that something was
    left out, and "left_out" what.
*/
WATCHWORD_TEST_EXPORT AuditEntry shortened(const AuditEntry &entry, int attempt);

//! \a text with U+FFFD for everything that must not be written into the log: what CanonicalWriter::Texts::Clean does.
WATCHWORD_TEST_EXPORT QString cleanAuditText(const QString &text);

} // namespace Watchword::Gateway
