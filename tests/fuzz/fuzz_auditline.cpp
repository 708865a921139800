// SPDX-License-Identifier: Apache-2.0
// Lines of the audit log in the Monitor: every line that is not empty becomes a row that can be read back.
#include <monitor/store/audittable.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace Monitor;
    static AuditTable table({2 * AuditSegment::BytesPerRow * AuditSegment::Capacity, qsizetype(8) << 20, qsizetype(16) << 20});
    const QByteArrayView buffer(reinterpret_cast<const char *>(data), qsizetype(size));
    const quint64 before = table.endRow();
    const qint64 gaps = table.gapCount() + table.restartCount();
    quint64 lines = 0;
    QByteArrayList pieces;
    for (QByteArray line : buffer.toByteArray().split('\n')) {
        pieces.append(line);
        if (line.startsWith("\xef\xbb\xbf"))
            line.remove(0, 3);
        if (line.endsWith('\r'))
            line.chop(1);
        lines += !line.isEmpty();
    }
    table.appendBuffer(buffer);
    if (table.endRow() - before != lines + quint64(table.gapCount() + table.restartCount() - gaps))
        std::abort();
    table.startEpoch();
    table.appendLines(pieces);
    for (quint64 row = before; row < table.endRow(); ++row) {
        if (const auto at = table.locate(row)) {
            const AuditRecord record = at.segment->record(at.row);
            table.kindName(record.kind);
            table.strings().text(record.message);
            at.segment->payload(at.row);
        }
    }
    return 0;
}
