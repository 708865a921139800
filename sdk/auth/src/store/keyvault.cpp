// SPDX-License-Identifier: Apache-2.0
#include "store/keyvault.h"

#include "store/filelock.h"
#include "watchword/core/internal/durablefile.h"
#include "watchword/core/internal/futures.h"
#include "watchword/core/log.h"

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr qsizetype kKeySize = 32;
constexpr Duration kVaultPatience = 45s;

// Keychains of different desktops are different keychains, even where the same library reaches them.
QString desktopName()
{
    return qEnvironmentVariable("XDG_CURRENT_DESKTOP").left(40);
}

} // namespace

KeyVault::KeyVault(std::shared_ptr<KeyStore> keys, QString folder, Clock &clock, QObject *parent)
    : QObject(parent)
    , m_keys(std::move(keys))
    , m_folder(std::move(folder))
    , m_poll(clock)
    , m_clock(clock)
{
}

KeyVault::~KeyVault() = default;

void KeyVault::open(Creation creation, Callback callback)
{
    const int run = ++m_run;
    m_creation = creation;
    m_callback = std::move(callback);
    m_started = m_clock.now();
    m_lock.reset();
    m_poll.cancel();
    if (!m_keys) {
        QMetaObject::invokeMethod(
            this,
            [this, run] {
                if (run == m_run)
                    finish(Error(ErrorCode::KeychainUnavailable, u"the session was given no key store"_s));
            },
            Qt::QueuedConnection);
        return;
    }
    if (creation == Creation::Never)
        read(run);
    else
        lock(run);
}

void KeyVault::lock(int run)
{
    if (const Result<void> made = makePrivateFolder(m_folder); !made)
        return finish(made.error());
    auto locked = tryFileLock(m_folder + u"/key.lock"_s);
    if (locked) {
        m_lock = *locked;
        return read(run);
    }
    if (locked.error().code() != ErrorCode::LockBusy || m_clock.now() - m_started > kVaultPatience)
        return finish(locked.error());
    m_poll.disconnect(this);
    connect(&m_poll, &Alarm::due, this, [this, run] { lock(run); });
    m_poll.start(100ms);
}

void KeyVault::read(int run)
{
    whenDone(m_keys->readKey(), this, [this, run](const Result<Secret> &key) {
        if (run == m_run)
            onRead(key);
    });
}

void KeyVault::onRead(const Result<Secret> &key)
{
    const bool usable = key && key->size() == kKeySize;
    if (usable) {
        m_note = whereaboutsChanged();
        if (!markerExists() || !m_note.isEmpty()) {
            if (const Result<void> marked = writeMarker(); !marked)
                qCWarning(logAuth) << "the marker of the key cannot be written:" << marked.error().toString();
        }
        return finish(*key);
    }
    const ErrorCode code = key ? ErrorCode::Internal : key.error().code();
    const bool unreadable = code == ErrorCode::StoreCorrupt || code == ErrorCode::DecryptionFailed;
    if (!key && code != ErrorCode::NotFound && !(unreadable && m_creation == Creation::Always))
        return finish(key.error());
    const bool wasMade = markerExists() || bool(key);
    if (m_creation == Creation::Always || (m_creation == Creation::IfNeverMade && !wasMade))
        return create(m_run);
    const QString changed = whereaboutsChanged();
    if (wasMade)
        return finish(Error(ErrorCode::KeychainInconsistent,
                            key ? u"the key in %1 has a wrong size"_s.arg(m_keys->backendName())
                                : u"%1 does not show the key that was made: it is locked, or the key was removed%2"_s.arg(
                                    m_keys->backendName(), changed.isEmpty() ? u""_s : u"; "_s + changed)));
    finish(key.error());
}

void KeyVault::create(int run)
{
    const Secret fresh = Secret::random(kKeySize);
    whenDone(m_keys->writeKey(fresh), this, [this, run, fresh](const Result<void> &written) {
        if (run != m_run)
            return;
        if (!written)
            return finish(written.error());
        // Without the marker a locked keychain would look like a first start.
        if (const Result<void> marked = writeMarker(); !marked)
            return finish(marked.error());
        finish(fresh);
    });
}

void KeyVault::finish(const Result<Secret> &result)
{
    m_lock.reset();
    const Callback callback = std::exchange(m_callback, {});
    if (callback)
        callback(result);
}

bool KeyVault::markerExists() const
{
    return QFile::exists(m_folder + u"/key.marker"_s);
}

QString KeyVault::whereaboutsChanged() const
{
    QFile file(m_folder + u"/key.marker"_s);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QJsonObject marker = QJsonDocument::fromJson(file.read(4096)).object();
    const QString backend = marker.value("backend"_L1).toString();
    const QString desktop = marker.value("desktop"_L1).toString();
    if (!backend.isEmpty() && backend != m_keys->backendName())
        return u"it was made in %1, and this is %2"_s.arg(backend, m_keys->backendName());
    if (!desktop.isEmpty() && !desktopName().isEmpty() && desktop != desktopName())
        return u"it was made under %1, and this is %2"_s.arg(desktop, desktopName());
    return {};
}

Result<void> KeyVault::writeMarker() const
{
    if (const Result<void> made = makePrivateFolder(m_folder); !made)
        return made;
    const QJsonObject marker{
        {u"backend"_s, m_keys->backendName()}, {u"desktop"_s, desktopName()}, {u"made"_s, toRfc3339(m_clock.wallNow())}};
    return writeDurably(m_folder + u"/key.marker"_s, QJsonDocument(marker).toJson(QJsonDocument::Compact));
}

} // namespace Watchword
