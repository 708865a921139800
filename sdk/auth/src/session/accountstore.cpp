// SPDX-License-Identifier: Apache-2.0
#include "session/accountstore.h"

#include "provider/discovery.h"
#include "store/accountfile.h"

#include <QDir>
#include <QFile>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

KeyVault::Creation creationOf(SessionActions::KeyCreation creation)
{
    switch (creation) {
    case SessionActions::KeyCreation::Never:
        return KeyVault::Creation::Never;
    case SessionActions::KeyCreation::IfNeverMade:
        return KeyVault::Creation::IfNeverMade;
    case SessionActions::KeyCreation::Always:
        break;
    }
    return KeyVault::Creation::Always;
}

RefreshTransaction::Loaded loadAll(TokenStore &store)
{
    return {store.load(), store.readJournal()};
}

} // namespace

AccountStore::AccountStore(const SessionOptions &options, CorrectedClock &clock, SessionEvents::Report report)
    : m_options(options)
    , m_clock(clock)
    , m_report(std::move(report))
    , m_vault(options.keyStore, options.storageFolder, clock.source())
    , m_keyAlarm(clock.source())
    , m_storeAlarm(clock.source())
    , m_newsAlarm(clock.source())
{
    connect(&m_keyAlarm, &Alarm::due, this, [this] { m_report(SessionEvents::KeyRetryDue{}); });
    connect(&m_storeAlarm, &Alarm::due, this, [this] { m_report(SessionEvents::StoreRetryDue{}); });
    connect(&m_newsAlarm, &Alarm::due, this, [this] {
        watchFiles();
        Q_EMIT filesChanged();
    });
    connect(&m_watcher, &QFileSystemWatcher::fileChanged, this, [this] { m_newsAlarm.start(50ms); });
    connect(&m_watcher, &QFileSystemWatcher::directoryChanged, this, [this] { m_newsAlarm.start(50ms); });
    if (options.keyStore) {
        connect(options.keyStore.get(), &KeyStore::waitingForPerson, this, [this] {
            if (m_vault.isOpening())
                m_report(SessionEvents::KeychainSilent{});
        });
    }
}

AccountStore::~AccountStore() = default;

EnvelopeTokenStore::Location AccountStore::location() const
{
    return {m_options.storageFolder, m_options.applicationId, m_options.account,
            issuerText(m_options.issuer) + u' ' + m_options.clientId};
}

// --- The key

void AccountStore::openKey(SessionActions::KeyCreation creation)
{
    m_keyAlarm.cancel();
    m_vault.open(creationOf(creation), [this](const Result<Secret> &key) { onKey(key); });
}

void AccountStore::onKey(const Result<Secret> &key)
{
    if (!key && key.error().code() == ErrorCode::KeychainUnavailable && m_options.storage == StoragePolicy::KeychainOrMemory) {
        // What a keychain's key can open stays on the disk as it is.
        Q_EMIT noted(u"store.memory"_s, key.error().toString());
        useMemory();
        sayDegraded(key.error().withRemedy(u"Without a keychain this sign-in ends with the program."_s));
        return m_report(SessionEvents::KeyOpened{});
    }
    if (!key)
        return m_report(SessionEvents::KeyFailed{key.error()});
    Q_EMIT noted(u"key.opened"_s, m_options.keyStore->backendName());
    if (const QString moved = m_vault.takeNote(); !moved.isEmpty())
        Q_EMIT noted(u"key.moved"_s, moved);
    use(std::make_shared<EnvelopeTokenStore>(location(), *key, m_clock.source()));
    m_report(SessionEvents::KeyOpened{});
}

void AccountStore::useMemory()
{
    use(std::make_shared<VolatileTokenStore>());
}

bool AccountStore::isInMemory() const
{
    return m_store && !std::dynamic_pointer_cast<EnvelopeTokenStore>(m_store);
}

void AccountStore::use(std::shared_ptr<TokenStore> store)
{
    m_store = std::move(store);
    watchFiles();
    Q_EMIT opened();
}

void AccountStore::retryKeyIn(Duration wait)
{
    m_keyAlarm.start(wait);
}

void AccountStore::retryStoreIn(Duration wait)
{
    m_storeAlarm.start(wait);
}

void AccountStore::stopRetries()
{
    m_keyAlarm.cancel();
    m_storeAlarm.cancel();
}

// --- The store

void AccountStore::read()
{
    const int reading = ++m_readings;
    m_storeAlarm.cancel();
    run(loadAll, [this, reading](const RefreshTransaction::Loaded &loaded) {
        watchFiles();
        if (reading == m_readings)
            m_report(SessionEvents::StoreRead{loaded});
    });
}

void AccountStore::readNews()
{
    run(loadAll, [this](const RefreshTransaction::Loaded &loaded) { m_report(SessionEvents::NewsRead{loaded}); });
}

void AccountStore::check()
{
    if (isInMemory())
        return;
    const auto files = std::make_shared<EnvelopeTokenStore>(location(), Secret::random(32), m_clock.source());
    m_runner.run([files] { return files->check(); },
                 [this](const Result<void> &usable) {
                     if (!usable)
                         noteSave(usable);
                     if (!usable)
                         sayDegraded(usable.error());
                 });
}

void AccountStore::leaveTombstone()
{
    m_runner.run([where = location()] { return EnvelopeTokenStore::leaveTombstone(where); },
                 [this](const Result<void> &left) { m_report(SessionEvents::TombstoneLeft{left}); });
}

void AccountStore::noteSave(const Result<void> &saved)
{
    if (saved)
        m_problem.reset();
    else
        Q_EMIT noted(u"store.failed"_s, saved.error().toString());
}

void AccountStore::sayDegraded(const Error &reason)
{
    if (std::exchange(m_problem, reason))
        return;
    Q_EMIT degraded(reason);
}

// --- Other processes, and the list of accounts

void AccountStore::watchFiles()
{
    const QStringList wanted = m_store ? m_store->watchedFiles() : QStringList();
    const QStringList watched = m_watcher.files() + m_watcher.directories();
    for (const QString &path : wanted) {
        // A file that was replaced is not watched any more.
        if (!watched.contains(path) && QFile::exists(path))
            m_watcher.addPath(path);
    }
}

void AccountStore::list(const std::optional<StoredAccount> &account)
{
    const auto envelope = std::dynamic_pointer_cast<EnvelopeTokenStore>(m_store);
    if (!envelope || account == m_listed)
        return;
    m_listed = account;
    std::optional<StoredAccount> line = account;
    if (line)
        line->signedInAt = toDateTime(m_clock.now());
    m_runner.run(
        [file = envelope->tokenFile(), line]() -> Result<void> {
            if (line)
                return writeAccountFile(file, *line);
            removeAccountFile(file);
            return {};
        },
        [this](const Result<void> &written) {
            if (!written)
                Q_EMIT noted(u"account.not_listed"_s, written.error().toString());
        });
}

} // namespace Watchword
