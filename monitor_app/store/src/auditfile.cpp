// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/auditfile.h"

#include <QDeadlineTimer>
#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>
#include <QThread>

#include <atomic>
#include <cstring>

namespace Monitor {

namespace {
constexpr qint64 FirstPiece = qint64(256) << 10;
constexpr qint64 LargestPiece = qint64(8) << 20;
constexpr qint64 ProgressEveryMs = 50;
} // namespace

class AuditFile::Private
{
public:
    Private(AuditFile *q, QString path, AuditTable &table)
        : q(q)
        , path(std::move(path))
        , table(table)
    {
    }

    void read();
    bool readPieces(QFile &file);
    void take(const QByteArray &buffer, qsizetype length);
    void fail(const QString &reason);

    AuditFile *const q;
    const QString path;
    AuditTable &table;
    std::unique_ptr<QThread> thread;
    std::atomic<bool> cancelled{false};
    std::atomic<qint64> done{0};
    std::atomic<qint64> total{0};
    bool finished = false;
    bool announced = false; // worker's
    QElapsedTimer sinceProgress; // worker's
    QString error;
};

AuditFile::AuditFile(QString path, AuditTable &table, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, std::move(path), table))
{
}

AuditFile::~AuditFile()
{
    d->cancelled = true;
    if (d->thread)
        d->thread->wait();
}

void AuditFile::start()
{
    if (d->thread)
        return;
    d->thread.reset(QThread::create([this] { d->read(); }));
    d->thread->start();
}

void AuditFile::cancel()
{
    d->cancelled = true;
}

void AuditFile::Private::fail(const QString &reason)
{
    QMetaObject::invokeMethod(
        q,
        [this, reason] {
            error = reason;
            finished = true;
            Q_EMIT q->finished(false);
        },
        Qt::QueuedConnection);
}

void AuditFile::Private::take(const QByteArray &buffer, qsizetype length)
{
    table.appendBuffer(QByteArrayView(buffer).first(length));
    if (!announced && length > 0) {
        announced = true;
        QMetaObject::invokeMethod(
            q, [this] { Q_EMIT q->firstRowsRead(); }, Qt::QueuedConnection);
    }
    if (sinceProgress.hasExpired(ProgressEveryMs)) {
        sinceProgress.start();
        QMetaObject::invokeMethod(
            q, [this] { Q_EMIT q->progressed(); }, Qt::QueuedConnection);
    }
}

bool AuditFile::Private::readPieces(QFile &file)
{
    QByteArray buffer;
    qint64 piece = FirstPiece;
    while (!cancelled) {
        const qsizetype kept = buffer.size();
        buffer.resize(kept + piece);
        const qint64 got = file.read(buffer.data() + kept, piece);
        if (got < 0)
            return false;
        buffer.resize(kept + got);
        done += got;
        if (got == 0) {
            take(buffer, buffer.size()); // the last line may lack its line end
            return true;
        }
        const qsizetype lastEnd = buffer.lastIndexOf('\n');
        if (lastEnd >= 0) {
            take(buffer, lastEnd + 1);
            buffer.remove(0, lastEnd + 1);
        } else if (buffer.size() > LargestPiece) {
            // A line longer than any event: its pieces become bad rows, so memory stays bounded and nothing is dropped.
            take(buffer, buffer.size());
            buffer.clear();
        }
        piece = std::min(piece * 2, LargestPiece);
    }
    return true;
}

void AuditFile::Private::read()
{
    QFile file(path);
    if (QFileInfo(path).isDir())
        return fail(AuditFile::tr("%1 is a folder. Choose an audit file with one JSON event a line.").arg(path));
    if (!file.open(QIODevice::ReadOnly | QIODevice::Unbuffered)) {
        return fail(AuditFile::tr("%1 cannot be read: %2. Check the name and the permissions.").arg(path, file.errorString()));
    }
    total = file.size();
    sinceProgress.start();
    if (!readPieces(file)) {
        return fail(AuditFile::tr("Reading %1 failed at byte %2: %3. The rows before it are shown.")
                        .arg(path, QString::number(done.load()), file.errorString()));
    }
    QMetaObject::invokeMethod(
        q,
        [this] {
            finished = true;
            Q_EMIT q->finished(!cancelled);
        },
        Qt::QueuedConnection);
}

bool AuditFile::isFinished() const
{
    return d->finished;
}

QString AuditFile::path() const
{
    return d->path;
}

QString AuditFile::errorText() const
{
    return d->error;
}

double AuditFile::progress() const
{
    const qint64 total = d->total;
    return total <= 0 ? (d->finished ? 1.0 : 0.0) : std::min(1.0, double(d->done) / double(total));
}

} // namespace Monitor
