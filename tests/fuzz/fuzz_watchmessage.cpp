// SPDX-License-Identifier: Apache-2.0
// Both ends of the watch and audit streams, and the audit cursor.
#include "auditreceiver.h"
#include "servermessage.h"
#include "watch/watchmessage.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    using namespace Watchword;
    const QString text = QString::fromUtf8(reinterpret_cast<const char *>(data), qsizetype(size));
    (void)Gateway::WatchMessage::parseWatch(text);
    (void)Gateway::WatchMessage::parseAudit(text);
    (void)Gateway::AuditCursor::parse(text);
    (void)ServerMessage::parse(text);
    // Lines are the messages of one audit stream, one behind the other.
    AuditReceiver receiver;
    receiver.restart({});
    for (const QString &message : text.split(u'\n')) {
        if (!receiver.receive(message))
            receiver.linkLost();
    }
    return 0;
}
