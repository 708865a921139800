// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/await.h"
#include "watchword/auth/session.h"

#include <QLoggingCategory>
#include <QSignalSpy>

#include <mutex>

/*! A session with everything it emitted, and a log catcher that knows all text that was written. */
struct SessionProbe
{
    explicit SessionProbe(Watchword::SessionOptions options)
        : session(std::move(options))
        , needed(&session, &Watchword::Session::signInNeeded)
        , failed(&session, &Watchword::Session::signInFailed)
        , signedIn(&session, &Watchword::Session::signedIn)
        , signedOut(&session, &Watchword::Session::signedOut)
        , degraded(&session, &Watchword::Session::storageDegraded)
        , changed(&session, &Watchword::TokenProvider::tokenChanged)
        , revoked(&session, &Watchword::TokenProvider::tokenRevoked)
        , skewed(&session, &Watchword::Session::clockSkewDetected)
        , browser(&session, &Watchword::Session::browserRequested)
    {
        QObject::connect(&session, &Watchword::Session::eventLogged, &session,
                         [this](const Watchword::SessionEvent &event) { events += event.what; });
    }

    //! Refreshes, and waits until that has ended, however it ended.
    bool refreshed()
    {
        const auto before = events.count(QStringLiteral("refresh.finished"));
        session.refresh();
        return Support::waitUntil([&] { return events.count(QStringLiteral("refresh.finished")) > before; },
                                  std::chrono::seconds(20));
    }

    bool reaches(Watchword::Session::State state, std::chrono::milliseconds within = std::chrono::seconds(15))
    {
        const bool reached = Support::waitUntil([&] { return session.state() == state; }, within);
        if (!reached)
            qInfo().noquote() << session.explain();
        return reached;
    }
    Watchword::Result<Watchword::AccessToken> token(const Watchword::TokenRequest &request = {})
    {
        const auto future = session.requestToken(request);
        if (!Support::waitFor(future, std::chrono::seconds(20)))
            return Watchword::Error(Watchword::ErrorCode::Timeout, QStringLiteral("the test's own"));
        return future.result();
    }
    Watchword::Error lastFailure() const { return failed.last().first().value<Watchword::Error>(); }
    Watchword::Error lastNeed() const { return needed.last().first().value<Watchword::Error>(); }

    Watchword::Session session;
    QStringList events;
    QSignalSpy needed, failed, signedIn, signedOut, degraded, changed, revoked, skewed, browser;
};

/*! Everything that is logged while it lives, at every level. */
class LogCatcher
{
public:
    LogCatcher()
    {
        QLoggingCategory::setFilterRules(QStringLiteral("watchword.*=true\nqt.network.*=false"));
        self() = this;
        m_before = qInstallMessageHandler([](QtMsgType type, const QMessageLogContext &context, const QString &text) {
            const std::scoped_lock guard(self()->m_mutex);
            self()->m_text += text.toUtf8() + '\n';
            if (type >= QtWarningMsg && self()->m_before)
                self()->m_before(type, context, text);
        });
    }
    ~LogCatcher()
    {
        qInstallMessageHandler(m_before);
        QLoggingCategory::setFilterRules({});
    }
    QByteArray text() const
    {
        const std::scoped_lock guard(m_mutex);
        return m_text;
    }

private:
    static LogCatcher *&self()
    {
        static LogCatcher *catcher = nullptr;
        return catcher;
    }

    mutable std::mutex m_mutex;
    QByteArray m_text;
    QtMessageHandler m_before = nullptr;
};
