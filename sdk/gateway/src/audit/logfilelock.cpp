// SPDX-License-Identifier: Apache-2.0
#include "audit/logfilelock.h"

#include <QFile>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

Result<std::unique_ptr<LogFileLock>> LogFileLock::take(const QString &path)
{
    const int descriptor = ::open(QFile::encodeName(path).constData(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return Error(ErrorCode::FileUnreadable,
                     u"%1 cannot be opened: %2"_s.arg(path, QString::fromLocal8Bit(std::strerror(errno))))
            .withRemedy(u"Give the gateway's user the right to write the file and its folder."_s);
    }
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        const bool isBusy = errno == EWOULDBLOCK;
        const QString reason = QString::fromLocal8Bit(std::strerror(errno));
        ::close(descriptor);
        if (isBusy) {
            return Error(ErrorCode::LockBusy, u"another program writes this audit log"_s)
                .withRemedy(u"End it, or choose another path."_s);
        }
        return Error(ErrorCode::FileUnreadable, u"%1 cannot be locked: %2"_s.arg(path, reason));
    }
    return std::unique_ptr<LogFileLock>(new LogFileLock(descriptor));
}

LogFileLock::~LogFileLock()
{
    ::close(m_descriptor);
}

} // namespace Watchword::Gateway
