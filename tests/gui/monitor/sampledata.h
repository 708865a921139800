// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/workspace.h"

#include <QString>

namespace Sample {

//! The moment at which the sample stands still, ms since the epoch: 2026-11-22 14:32:40 UTC.
constexpr qint64 now = 1'795'357'960'000;

/*!
    A small fleet on two nodes: \a count connections of which some expire, fail or are revoked, their tokens with a history of
    refreshes, and the audit events that fit them. The same for the same count.
*/
void fill(Monitor::Workspace &workspace, int count = 60);

void setLink(Monitor::Workspace &workspace, Monitor::LinkStatus::State state);

//! One audit event as the wire has it.
QByteArray event(quint64 sequence, qint64 time, const QString &type, int severity, const QString &user, const QString &message,
                 int row = 0);

} // namespace Sample
