// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QList>

namespace Watchword::Gateway {

//! The newest checkpoint of the log, with what proves that it goes on from an older one and that it has an event.
struct AuditProof
{
    QByteArray note;
    QList<QByteArray> keys; //!< Who signs, as NoteVerifier::toText().
    quint64 base = 1; //!< The sequence of the tree's first leaf.
    QList<QByteArray> consistency;
    QList<QByteArray> inclusion;
};

} // namespace Watchword::Gateway
