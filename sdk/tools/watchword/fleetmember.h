// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "loginbrowser.h"
#include "watchword/client/client.h"
#include "watchword/core/random.h"

#include <QElapsedTimer>
#include <QMap>
#include <QTimer>

namespace Watchword::Tool {

/*! What `watchword-gateway --demo` says about itself, and what the fleet shares. */
struct FleetPlan
{
    QUrl gateway;
    QUrl issuer;
    QString clientId;
    QString audience;
    QStringList scopes;
    QByteArray origin;
    QList<std::pair<QString, Secret>> users;
    QString echoPath;
    QString roomPath;
    QList<QSslCertificate> authorities;

    static Result<FleetPlan> fromJson(const QByteArray &line);
};

struct FleetCounts
{
    quint64 signIns = 0;
    quint64 signInsRefused = 0;
    quint64 sent = 0;
    quint64 received = 0;
    quint64 drops = 0;
    quint64 returns = 0;
    QMap<QString, quint64> errors; //!< By the name of the code.
};

/*!
    One client of the fleet: signs in, connects, talks, rests, drops and comes back, at random intervals. Some misbehave
    on purpose, so that there is something to see.
*/
class FleetMember : public QObject
{
    Q_OBJECT

public:
    enum class Manner { Good, ExpiredToken, WrongOrigin, Talkative, WrongPassword };

    FleetMember(int number, Manner manner, const FleetPlan &plan, FleetCounts &counts, RandomSource &random, QObject *parent);

    void begin();
    void end();
    bool isReady() const { return m_client->state() == Client::State::Ready; }
    bool isSignedIn() const { return m_client->isSignedIn(); }

private:
    void onReady();
    void onError(const Error &error);
    void act();
    void talk();
    void drop();
    void keepForLater();
    void useExpired();
    std::chrono::milliseconds between(std::chrono::milliseconds from, std::chrono::milliseconds to);

    const int m_number;
    const Manner m_manner;
    const FleetPlan &m_plan;
    FleetCounts &m_counts;
    RandomSource &m_random;
    const bool m_inRoom;
    LoginBrowser m_browser;
    std::unique_ptr<Client> m_client;
    std::unique_ptr<FixedTokenProvider> m_expired;
    std::unique_ptr<Connection> m_stale;
    QTimer m_next;
    bool m_ended = false;
};

} // namespace Watchword::Tool
