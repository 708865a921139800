// SPDX-License-Identifier: Apache-2.0
#include "watchword/watch/auditfile.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestLine = 64 * 1024;

} // namespace

class AuditFile::Private
{
public:
    // Reads up to the line end, but never keeps more than the longest legal line.
    bool readLine(QByteArray &line, bool &tooLong)
    {
        line.clear();
        tooLong = false;
        while (!file.atEnd()) {
            const QByteArray part = file.readLine(kLongestLine + 2);
            if (part.isEmpty())
                break;
            position += part.size();
            const bool ended = part.endsWith('\n');
            if (line.size() + part.size() > kLongestLine + 1)
                tooLong = true;
            if (line.size() < kLongestLine)
                line += part.left(kLongestLine + 1 - line.size());
            if (ended)
                break;
        }
        while (line.endsWith('\n') || line.endsWith('\r'))
            line.chop(1);
        line.truncate(kLongestLine);
        return position > lineOffset;
    }

    QFile file;
    qint64 number = 0;
    qint64 position = 0;
    qint64 lineOffset = 0;
};

AuditFile::AuditFile()
    : d(std::make_unique<Private>())
{
}

AuditFile::~AuditFile() = default;
AuditFile::AuditFile(AuditFile &&) noexcept = default;
AuditFile &AuditFile::operator=(AuditFile &&) noexcept = default;

Result<void> AuditFile::open(const QString &path)
{
    d = std::make_unique<Private>();
    d->file.setFileName(path);
    if (!d->file.open(QIODevice::ReadOnly)) {
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(path, d->file.errorString()))
            .withRemedy(u"Check the path and that you may read the file."_s);
    }
    return {};
}

std::optional<AuditFile::Line> AuditFile::next()
{
    if (!d->file.isOpen())
        return {};
    for (;;) {
        d->lineOffset = d->position;
        QByteArray bytes;
        bool tooLong = false;
        if (!d->readLine(bytes, tooLong))
            return {};
        ++d->number;
        if (bytes.trimmed().isEmpty())
            continue;
        Line line{d->number, d->lineOffset, bytes, Result<AuditEvent>()};
        line.event = tooLong ? Result<AuditEvent>(Error(ErrorCode::ResponseTooLarge, u"the line is longer than 64 KiB"_s))
                             : AuditEvent::fromBytes(bytes);
        if (!line.event) {
            line.event = Error(line.event.error().code(), u"line %1: %2"_s.arg(d->number).arg(line.event.error().detail()));
        }
        return line;
    }
}

qint64 AuditFile::position() const
{
    return d->position;
}

qint64 AuditFile::size() const
{
    return d->file.isOpen() ? d->file.size() : 0;
}

} // namespace Watchword
