// SPDX-License-Identifier: Apache-2.0
// What is left of a refresh token in this process when its person has signed out. The provider is another process, and the
// test knows the form of its tokens only, so that every copy found is one of the session.
#include "sessionprobe.h"
#include "support/browser.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/testing/fakeissuer.h"

#include <QFile>
#include <QTemporaryDir>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;

namespace {

constexpr size_t kTokenSize = 40; // of FakeIssuer: "refresh-" and 32 characters

/*! The writable memory of this process, read the way a debugger would. */
class Memory
{
public:
    struct Hits
    {
        size_t copies = 0; // in one byte a character, wherever they are
        size_t secrets = 0; // of those, the ones that a Secret holds
        size_t texts = 0; // in two bytes a character, as in a QString
    };

    Hits search()
    {
        Hits hits;
        std::vector<quintptr> places;
        each([&](quintptr address, const char *bytes, size_t size) {
            for (size_t at = 0; at + 2 * kTokenSize <= size; ++at) {
                if (isToken(bytes + at, 1))
                    places.push_back(address + at);
                else if (isToken(bytes + at, 2))
                    ++hits.texts;
            }
        });
        hits.copies = places.size();
        std::sort(places.begin(), places.end());
        each([&](quintptr, const char *bytes, size_t size) {
            for (size_t at = 0; at + 24 <= size; at += 8) {
                if (isHolder(bytes + at, places))
                    ++hits.secrets;
            }
        });
        return hits;
    }

private:
    static bool isToken(const char *bytes, size_t step)
    {
        static const char prefix[] = {'r', 'e', 'f', 'r', 'e', 's', 'h', '-'};
        const auto at = [&](size_t i) { return bytes[i * step]; };
        for (size_t i = 0; i < kTokenSize; ++i) {
            const char c = at(i);
            const bool letter =
                (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
            if (i < sizeof prefix ? c != prefix[i] : !letter)
                return false;
            if (step == 2 && bytes[i * 2 + 1] != 0)
                return false;
        }
        return true;
    }
    // Secret::Data: a reference count, the address of the bytes, their number.
    static bool isHolder(const char *bytes, const std::vector<quintptr> &places)
    {
        qint32 references = 0;
        quintptr address = 0;
        quint64 size = 0;
        std::memcpy(&references, bytes, sizeof references);
        std::memcpy(&address, bytes + 8, sizeof address);
        std::memcpy(&size, bytes + 16, sizeof size);
        return size == kTokenSize && references > 0 && references < 1000
            && std::binary_search(places.begin(), places.end(), address);
    }
    template <typename Visitor>
    void each(const Visitor &visit)
    {
        QFile map(u"/proc/self/maps"_s);
        QFile memory(u"/proc/self/mem"_s);
        if (!map.open(QIODevice::ReadOnly) || !memory.open(QIODevice::ReadOnly | QIODevice::Unbuffered))
            return;
        const QList<QByteArray> lines = map.readAll().split('\n');
        for (const QByteArray &line : lines) {
            const QList<QByteArray> words = line.split(' ');
            const QList<QByteArray> ends = words.first().split('-');
            if (ends.size() != 2 || !words.value(1).startsWith("rw"))
                continue;
            const quintptr last = ends.at(1).toULongLong(nullptr, 16);
            for (quintptr from = ends.at(0).toULongLong(nullptr, 16); from < last; from += sizeof m_piece - kOverlap) {
                const size_t wanted = std::min<size_t>(sizeof m_piece, last - from);
                if (!memory.seek(qint64(from)) || memory.read(m_piece, qint64(wanted)) != qint64(wanted))
                    break; // guard pages and the like
                blankOwn(from, wanted);
                visit(from, m_piece, wanted);
                std::memset(m_piece, 0, sizeof m_piece);
                if (last - from <= sizeof m_piece)
                    break;
            }
        }
    }
    // The piece that is being looked at is memory of this process, too.
    void blankOwn(quintptr from, size_t size)
    {
        const auto own = reinterpret_cast<quintptr>(m_piece);
        const quintptr begin = std::max(from, own);
        const quintptr end = std::min(from + size, own + sizeof m_piece);
        if (begin < end)
            std::memset(m_piece + (begin - from), 0, end - begin);
    }

    static constexpr size_t kOverlap = 128; // of pieces, so that nothing falls between them
    char m_piece[1 << 20] = {};
};

} // namespace

class TestMemory : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void theSearchFinds();
    void signOutLeavesNoSecret_data();
    void signOutLeavesNoSecret();

private:
    Support::ReadyProcess m_issuer;
    QUrl m_url;
    QTemporaryDir m_folder;
    Support::Browser m_browser;
    std::unique_ptr<Memory> m_memory;
};

void TestMemory::init()
{
    WatchwordTest::init();
    m_memory = std::make_unique<Memory>();
    if (!m_url.isEmpty())
        return;
    const auto url = m_issuer.start(QCoreApplication::applicationFilePath(), {u"--issuer"_s}, u"ISSUER "_s);
    QVERIFY(url);
    m_url = QUrl(*url);
}

void TestMemory::theSearchFinds()
{
    const Memory::Hits before = m_memory->search();
    const auto token = [] { return QByteArray("refresh-") + QByteArray(32, 'x'); };
    const Secret secret = Secret::take(token());
    const QString text = QString::fromLatin1(token());
    const Memory::Hits hits = m_memory->search();
    QCOMPARE(hits.secrets, before.secrets + 1);
    QVERIFY(hits.texts > before.texts && hits.copies > before.copies);
    Secret copy = secret;
    QCOMPARE(m_memory->search().secrets, before.secrets + 1); // copies share
    copy.clear();
}

void TestMemory::signOutLeavesNoSecret_data()
{
    QTest::addColumn<StoragePolicy>("storage");
    QTest::newRow("in memory") << StoragePolicy::MemoryOnly;
    QTest::newRow("on the disk") << StoragePolicy::Keychain;
}

void TestMemory::signOutLeavesNoSecret()
{
    QFETCH(StoragePolicy, storage);
    SessionOptions options;
    options.issuer = m_url;
    options.clientId = u"app"_s;
    options.storageFolder = m_folder.path();
    options.storage = storage;
    if (storage == StoragePolicy::Keychain)
        options.keyStore = std::make_shared<MemoryKeyStore>();
    options.allowLoopbackHttp = true;
    options.openBrowser = [this](const QUrl &url) { return m_browser.open(url); };
    const Memory::Hits before = m_memory->search();
    SessionProbe probe(options);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    for (int i = 0; i < 3; ++i)
        QVERIFY(probe.refreshed());
    const Memory::Hits signedIn = m_memory->search();
    QVERIFY(signedIn.secrets > before.secrets);
    probe.session.signOut();
    QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signout.revoked"_s); }));
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    QVERIFY(Support::waitUntil([&] { return !probe.session.currentToken(); }));
    const Memory::Hits left = m_memory->search();
    qInfo("signed in: %zu copies, %zu of them in a Secret, %zu texts; signed out: %zu copies, %zu in a Secret, %zu texts",
          signedIn.copies, signedIn.secrets, signedIn.texts, left.copies, left.secrets, left.texts);
    QCOMPARE(left.secrets, before.secrets);
}

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    if (QCoreApplication::arguments().contains(u"--issuer"_s)) {
        FakeIssuer issuer;
        if (!issuer.listen())
            return 1;
        std::printf("ISSUER %s\n", qPrintable(issuer.url().toString()));
        std::fflush(stdout);
        return QCoreApplication::exec();
    }
    TestMemory test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_memory.moc"
