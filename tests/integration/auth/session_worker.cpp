// SPDX-License-Identifier: Apache-2.0
/*
    One process of the tests with several, and of those that kill: a real Session on the account that is stored in a folder,
    with its key in the real keychain. It prints what happens, a line each, and never a token.

    session_worker sign-in ISSUER FOLDER            signs in, prints "RESULT Active", ends
    session_worker refresh ISSUER FOLDER            restores, refreshes once, prints how that ended
    session_worker race ISSUER FOLDER ROUNDS SEED   refreshes at random moments until ROUNDS generations were reached
*/
#include "support/browser.h"
#include "watchword/auth/session.h"
#include "watchword/keychain/keychainkeystore.h"

#include <QCoreApplication>
#include <QMetaEnum>
#include <QTimer>

#include <cstdio>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

void say(const QString &line)
{
    std::printf("%s\n", qPrintable(line));
    std::fflush(stdout);
}

class Worker : public QObject
{
    Q_OBJECT

public:
    Worker(const QStringList &arguments, SessionOptions options)
        : m_mode(arguments.at(1))
        , m_rounds(arguments.value(4).toULongLong())
        , m_random(arguments.value(5).toULongLong())
        , m_session(std::move(options))
    {
        connect(&m_session, &Session::eventLogged, this, &Worker::onEvent);
        connect(&m_session, &Session::stateChanged, this, [this] { onState(); });
        connect(&m_session, &Session::signInNeeded, this, [this](const Error &reason) { onNeed(reason); });
        connect(&m_session, &Session::signInFailed, this, [this](const Error &reason) { end(u"failed "_s + reason.toString()); });
        connect(&m_timer, &QTimer::timeout, this, [this] { m_session.refresh(); });
        QTimer::singleShot(60s, this, [this] { end(u"timeout"_s); });
    }
    void begin()
    {
        if (m_mode == "sign-in"_L1)
            m_session.signIn(); // also where an access token is still good
        else
            m_session.start();
    }

private:
    void onEvent(const SessionEvent &event)
    {
        say(u"EVENT "_s + event.what + u' ' + event.detail);
        m_signedIn = m_signedIn || event.what == "signin.succeeded"_L1;
        if (event.what != "refresh.finished"_L1)
            return;
        if ((m_mode == "refresh"_L1 && m_asked) || m_signedIn)
            QMetaObject::invokeMethod(
                this, [this] { judge(); }, Qt::QueuedConnection);
    }
    void onState()
    {
        if (m_session.state() != Session::State::Active)
            return;
        if (m_mode == "refresh"_L1 && !std::exchange(m_asked, true))
            return m_session.refresh();
        if (m_mode == "race"_L1 && !m_timer.isActive()) {
            connect(&m_session, &TokenProvider::tokenChanged, this, [this](quint64 generation) { onGeneration(generation); });
            m_timer.start(1ms);
        }
    }
    void onGeneration(quint64 generation)
    {
        if (generation >= m_rounds)
            return end(u"Active"_s);
        m_timer.start(std::chrono::milliseconds(int(m_random.nextUnit() * 400)));
    }
    void onNeed(const Error &reason) { end(u"NeedsSignIn "_s + reason.codeName()); }
    void judge()
    {
        if (m_session.state() == Session::State::Active)
            end(u"Active"_s);
    }
    void end(const QString &result)
    {
        if (std::exchange(m_ended, true))
            return;
        say(u"RESULT "_s + result);
        QCoreApplication::quit();
    }

    QString m_mode;
    quint64 m_rounds;
    SeededRandom m_random;
    QTimer m_timer;
    bool m_asked = false;
    bool m_signedIn = false;
    bool m_ended = false;
    Session m_session;
};

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QStringList arguments = application.arguments();
    if (arguments.size() < 4) {
        std::fprintf(stderr, "usage: session_worker sign-in|refresh|race ISSUER FOLDER [ROUNDS SEED]\n");
        return 2;
    }
    Support::Browser browser;
    SessionOptions options;
    options.issuer = QUrl(arguments.at(2));
    options.clientId = u"native"_s;
    options.scopes = {u"openid"_s, u"offline_access"_s, u"api:read"_s};
    options.storageFolder = arguments.at(3);
    options.keyStore = std::make_shared<KeychainKeyStore>(u"session-worker"_s);
    options.allowLoopbackHttp = true;
    options.openBrowser = [&browser](const QUrl &url) { return browser.open(url); };
    Worker worker(arguments, options);
    worker.begin();
    return application.exec();
}

#include "session_worker.moc"
