// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/auditfile.h"

#include "bytesource.h"
#include "monitor/store/decompressor.h"

#include <QElapsedTimer>
#include <QFileInfo>
#include <QThread>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace Monitor {

namespace {
constexpr qint64 FirstPiece = qint64(256) << 10;
constexpr qint64 LargestPiece = qint64(8) << 20;
constexpr qint64 ProgressEveryMs = 50;
constexpr auto lookEvery = std::chrono::milliseconds(200);
constexpr int looksForTheEndOfALine = 5; // a writer that is slower than that leaves an unreadable row
} // namespace

class AuditFile::Private
{
public:
    Private(AuditFile *q, QString path, AuditTable &table)
        : q(q)
        , path(std::move(path))
        , table(table)
        , source(this->path, cancelled)
    {
    }

    void run();
    bool readToEnd(); //!< False when that failed, which was said.
    void decode(QByteArrayView raw);
    void takeLines();
    void takeRest(); //!< What stands behind the last line end, as a line.
    bool restIsWhole() const;
    void follow();
    bool begin(Restart how);
    void noteProgress(bool always);
    void fail(const QString &reason);
    bool sleep(); //!< False when it was cancelled.
    QString name() const { return source.isStandardInput() ? AuditFile::tr("Standard input") : path; }
    template <typename F>
    void tell(F &&f)
    {
        QMetaObject::invokeMethod(q, std::forward<F>(f), Qt::QueuedConnection);
    }

    AuditFile *const q;
    const QString path;
    AuditTable &table;
    bool following = false;
    std::unique_ptr<QThread> thread;
    std::mutex mutex;
    std::condition_variable wake;
    std::atomic<bool> cancelled{false};
    std::atomic<qint64> done{0};
    std::atomic<qint64> total{0};
    bool finished = false;
    QString error;

    // The worker's.
    ByteSource source;
    std::unique_ptr<Decompressor> decompressor;
    QByteArray first; // bytes before it is known what they are
    QByteArray text; // that has no line end yet
    qsizetype searched = 0; // of the text, without finding one
    bool announced = false;
    bool isOver = false; // finished was told
    QElapsedTimer sinceProgress;
};

AuditFile::AuditFile(QString path, AuditTable &table, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, std::move(path), table))
{
}

AuditFile::~AuditFile()
{
    cancel();
    if (d->thread)
        d->thread->wait();
}

void AuditFile::setFollowing(bool following)
{
    d->following = following;
}

void AuditFile::start()
{
    if (d->thread)
        return;
    d->thread.reset(QThread::create([this] { d->run(); }));
    d->thread->start();
}

void AuditFile::cancel()
{
    {
        const std::lock_guard lock(d->mutex);
        d->cancelled = true;
    }
    d->wake.notify_all();
}

void AuditFile::Private::fail(const QString &reason)
{
    tell([this, reason, wasOver = isOver] {
        error = reason;
        if (wasOver) {
            Q_EMIT q->failed(reason);
            return;
        }
        finished = true;
        Q_EMIT q->finished(false);
    });
}

bool AuditFile::Private::sleep()
{
    std::unique_lock lock(mutex);
    return !wake.wait_for(lock, lookEvery, [this] { return cancelled.load(); });
}

void AuditFile::Private::noteProgress(bool always)
{
    if (!announced && table.rows() > 0) {
        announced = true;
        tell([this] { Q_EMIT q->firstRowsRead(); });
    }
    if (!always && !sinceProgress.hasExpired(ProgressEveryMs))
        return;
    sinceProgress.start();
    tell([this] { Q_EMIT q->progressed(); });
}

void AuditFile::Private::takeLines()
{
    const qsizetype lastEnd = QByteArrayView(text).sliced(searched).lastIndexOf('\n');
    if (lastEnd >= 0) {
        const qsizetype size = searched + lastEnd + 1;
        table.appendBuffer(QByteArrayView(text).first(size));
        text.remove(0, size);
    } else if (text.size() > LargestPiece) {
        // A line longer than any event: its pieces become bad rows, so memory stays bounded and nothing is dropped.
        table.appendBuffer(text);
        text.clear();
    }
    searched = text.size();
    noteProgress(false);
}

void AuditFile::Private::takeRest()
{
    if (text.isEmpty())
        return;
    table.appendBuffer(text);
    text.clear();
    searched = 0;
    noteProgress(true);
}

bool AuditFile::Private::restIsWhole() const
{
    return text.isEmpty() || QByteArrayView(text).trimmed().endsWith('}');
}

void AuditFile::Private::decode(QByteArrayView raw)
{
    if (!decompressor) {
        first.append(raw);
        if (first.size() < Decompressor::FirstBytes && !isOver)
            return;
        decompressor = std::make_unique<Decompressor>(Decompressor::formatOf(first));
        const QByteArray all = std::exchange(first, {});
        return decode(all);
    }
    decompressor->give(raw);
    while (!cancelled) {
        const qsizetype kept = text.size();
        const qsizetype piece = std::max<qsizetype>(raw.size(), FirstPiece);
        text.resize(kept + std::min<qsizetype>(piece, LargestPiece));
        const qsizetype got = decompressor->take(text.data() + kept, text.size() - kept);
        text.resize(kept + std::max<qsizetype>(got, 0));
        if (got <= 0)
            return;
        takeLines();
    }
}

bool AuditFile::Private::readToEnd()
{
    QByteArray raw;
    qint64 piece = FirstPiece;
    while (!cancelled) {
        raw.resize(piece);
        const qint64 got = source.read(raw.data(), piece);
        if (got < 0) {
            fail(AuditFile::tr("Reading %1 failed at byte %2: %3. The rows before it are shown.")
                     .arg(name(), QString::number(done.load()), source.errorText()));
            return false;
        }
        if (got == 0)
            return true;
        done += got;
        total = std::max(total.load(), source.size());
        decode(QByteArrayView(raw).first(got));
        if (decompressor && decompressor->error()) {
            takeRest();
            fail(AuditFile::tr("%1 cannot be read behind byte %2: %3. The rows before it are shown.")
                     .arg(name(), QString::number(done.load()), QString::fromLatin1(decompressor->error())));
            return false;
        }
        piece = std::min(piece * 2, LargestPiece);
    }
    return true;
}

bool AuditFile::Private::begin(Restart how)
{
    takeRest(); // of the old file nothing more comes
    if (!source.reopen())
        return false;
    decompressor.reset();
    first.clear();
    done = 0;
    total = source.size();
    table.startEpoch();
    tell([this, how] { Q_EMIT q->restarted(how); });
    return true;
}

void AuditFile::Private::follow()
{
    int looksAtRest = 0;
    while (sleep()) {
        switch (source.look()) {
        case ByteSource::Change::Over:
            takeRest();
            return;
        case ByteSource::Change::None:
            if (!text.isEmpty() && ++looksAtRest >= looksForTheEndOfALine)
                takeRest();
            continue;
        case ByteSource::Change::Cut:
            if (!begin(Restart::Cut))
                continue;
            break;
        case ByteSource::Change::Replaced:
            // What was written between the last look and the rotation is still in the old file.
            if (!readToEnd())
                return;
            if (!begin(Restart::Replaced))
                continue;
            break;
        case ByteSource::Change::Grown:
            break;
        }
        looksAtRest = 0;
        if (!readToEnd())
            return;
        if (restIsWhole())
            takeRest();
        noteProgress(true);
    }
}

void AuditFile::Private::run()
{
    if (QFileInfo(path).isDir())
        return fail(AuditFile::tr("%1 is a folder. Choose an audit file with one JSON event a line.").arg(path));
    if (!source.open())
        return fail(AuditFile::tr("%1 cannot be read: %2. Check the name and the permissions.").arg(name(), source.errorText()));
    total = source.size();
    sinceProgress.start();
    if (!readToEnd())
        return;
    // A line that is being written gets a moment to end.
    for (int looks = 0; following && !restIsWhole() && looks < looksForTheEndOfALine && sleep(); ++looks) {
        if (!readToEnd())
            return;
    }
    isOver = true;
    if (!first.isEmpty())
        decode({});
    takeRest(); // the last line may lack its line end
    if (decompressor && !decompressor->isComplete() && !cancelled) {
        isOver = false;
        return fail(
            AuditFile::tr("%1 ends in the middle of its compressed data. The rows before the end are shown; it may still be "
                          "written, or was not copied to its end.")
                .arg(name()));
    }
    tell([this] {
        finished = true;
        Q_EMIT q->finished(!cancelled);
    });
    if (following)
        follow();
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

qint64 AuditFile::bytesRead() const
{
    return d->done;
}

} // namespace Monitor
