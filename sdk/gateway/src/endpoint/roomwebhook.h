// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"
#include "watchword/gateway/endpointconfig.h"
#include "watchword/gateway/identity.h"

#include <QHash>
#include <QNetworkAccessManager>
#include <QObject>

#include <functional>
#include <vector>

namespace Watchword::Gateway {

struct Metrics;

/*! What somebody wants to do in a room. */
struct RoomDeed
{
    enum class Kind { Subscribe, Publish };
    Kind kind = Kind::Subscribe;
    QString room;
};

/*!
    Asks a server who may do what in which room: a POST with who, where and what in JSON, answered by 200 and {"allow": true} or
    {"allow": false}. Everything else is no answer: what holds then RoomWebhook::whenUnreachable says, for a second, so that a
    server that is down is not asked for every message.

    Answers are kept as their Cache-Control says (max-age, no-store), else as the configuration does. The same question is asked
    once, however many wait for it.

    Bounds: kMostAtOnce questions are under way, as many as QNetworkAccessManager has connections to one server, so that the
    timeout runs from when a question is sent. kMostWaiting wait, kMostKept answers are kept. Whoever has the fewest under way is
    next. If too many wait, the newest question of whoever has the most is refused, and so is a question that waited longer than
    the timeout: our own load says nothing about the server, so RoomWebhook::whenUnreachable does not hold for it.

    Life cycle: callbacks come once and never inside ask(); destruction ends questions without them. Threads: one.
*/
class WATCHWORD_TEST_EXPORT RoomWebhookClient : public QObject
{
    Q_OBJECT

public:
    static constexpr int kMostAtOnce = 6;
    static constexpr qsizetype kMostWaiting = 2'000;
    static constexpr qsizetype kMostKept = 50'000;
    using Answer = std::function<void(bool isAllowed)>;

    //! Borrows \a clock and \a metrics. \a endpoint is the path that is told.
    RoomWebhookClient(const RoomWebhook &config, QString endpoint, Clock &clock, Metrics &metrics);
    ~RoomWebhookClient() override;

    std::optional<bool> known(const Identity &identity, const RoomDeed &deed) const; //!< What is kept.
    void ask(const Identity &identity, const RoomDeed &deed, Answer answer);

private:
    struct Kept
    {
        bool isAllowed = false;
        Instant until{};
    };
    struct Question
    {
        QByteArray body;
        std::vector<Answer> answers;
    };
    struct Waiting
    {
        QString key;
        QString person;
        Instant since{};
    };
    static QString keyOf(const Identity &identity, const RoomDeed &deed);
    void send(const Waiting &waiting);
    void next();
    void makeRoom();
    void refuseStale();
    void overloaded(const QString &key);
    std::vector<Waiting>::iterator fairest();
    void answered(const QString &key, bool isAllowed, const QByteArray &cacheControl);
    void failed(const QString &key, const QString &why);
    void tell(const QString &key, bool isAllowed, Duration keep);

    const RoomWebhook m_config;
    const QString m_endpoint;
    Clock &m_clock;
    Metrics &m_metrics;
    Secret m_secret;
    QNetworkAccessManager m_network;
    QHash<QString, Kept> m_kept;
    QHash<QString, Question> m_questions;
    std::vector<Waiting> m_waiting; // the oldest first
    QHash<QString, QString> m_underWay; // whose question it is, by its key
    bool m_isOverloaded = false; // as far as the log says
    bool m_isReachable = true; // as far as the log says
};

} // namespace Watchword::Gateway
