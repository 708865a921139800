// SPDX-License-Identifier: Apache-2.0
#include "issuer/passworddesk.h"

#include "issuer/issuerrequest.h"
#include "limit/addressrates.h"
#include "watchword/jose/passwordhash.h"

#include <QPointer>
#include <QTimer>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMostInWork = 64;
constexpr int kMostInWorkOfNetwork = 8;
constexpr char kDeviceCookie[] = "__Host-watchword-device"; // RFC 6265bis section 4.1.3.2

QByteArray cookieOf(const HttpRequest &request, QByteArrayView name)
{
    const QList<QByteArray> values = request.head.values("Cookie");
    for (const QByteArray &value : values) {
        const QList<QByteArray> pairs = value.split(';');
        for (const QByteArray &pair : pairs) {
            const QByteArray cookie = pair.trimmed();
            if (cookie.size() > name.size() && cookie.startsWith(name) && cookie.at(name.size()) == '=')
                return cookie.sliced(name.size() + 1);
        }
    }
    return {};
}

} // namespace

/*! A password between its arrival and the answer. */
struct PasswordDesk::Work
{
    Attempt attempt;
    SignInTry counted;
    std::optional<IssuerUser> known;
    HttpRequest request; // without the body, which holds the password
    std::function<void(const Verdict &)> answer;
};

PasswordDesk::PasswordDesk(IssuerServices &services)
    : m_services(services)
    , m_brake(services.options.signInLimits)
    , m_devices("device")
{
    // scrypt takes memory and a core; more at once would only make each slower.
    m_workers.setMaxThreadCount(2);
}

PasswordDesk::~PasswordDesk()
{
    m_workers.clear();
    m_workers.waitForDone();
}

Result<void> PasswordDesk::open()
{
    // The decoy costs what the users' hashes cost; only its salt and result differ.
    ScryptCost cost;
    const QList<IssuerUser> &users = m_services.directory.users();
    const QStringList parts = users.isEmpty() ? QStringList() : users.first().passwordHash.split(u'$');
    if (parts.size() == 6)
        cost = {.n = parts.at(1).toUInt(), .r = parts.at(2).toUInt(), .p = parts.at(3).toUInt()};
    const Result<QString> decoy = hashPassword(Secret::random(16), cost);
    if (!decoy) {
        return Error(ErrorCode::ConfigInvalid,
                     u"the embedded issuer: the password hash of user \"%1\" is malformed"_s.arg(users.first().name));
    }
    m_decoyHash = *decoy;
    return {};
}

QString PasswordDesk::deviceOf(const HttpRequest &request, const std::optional<IssuerUser> &known) const
{
    const QByteArray sealed = cookieOf(request, kDeviceCookie);
    const std::optional<QByteArray> text = known ? m_devices.open(sealed) : std::nullopt;
    // "<random> <subject>": a browser is known for one user, and counts for no other.
    const qsizetype blank = text ? text->indexOf(' ') : -1;
    if (blank < 0 || text->sliced(blank + 1) != known->subject.toUtf8())
        return {};
    return QString::fromLatin1(text->first(blank));
}

void PasswordDesk::check(const Attempt &attempt, const HttpRequest &request, const std::function<void(const Verdict &)> &answer)
{
    const std::optional<IssuerUser> known = m_services.directory.user(attempt.name);
    const SignInTry counted{attempt.name, AddressRates::networkOf(request.peer), deviceOf(request, known)};
    if (const std::optional<Duration> wait = m_brake.take(counted, m_services.clock.now())) {
        recordFailure(known, attempt.clientId, u"too_many_attempts"_s, request);
        answer({Verdict::Outcome::TooMany, {}, std::chrono::ceil<std::chrono::seconds>(*wait), {}});
        return;
    }
    if (m_allInWork >= kMostInWork || m_inWork.value(counted.network) >= kMostInWorkOfNetwork) {
        m_brake.notMade(counted);
        answer({Verdict::Outcome::Busy, {}, std::chrono::seconds(2), {}});
        return;
    }
    ++m_allInWork;
    ++m_inWork[counted.network];
    const auto work = std::make_shared<Work>(Work{attempt, counted, known, request, answer});
    work->request.body.clear();
    checkInWorker(work);
}

void PasswordDesk::checkInWorker(const std::shared_ptr<Work> &work)
{
    const QString hash = work->known ? work->known->passwordHash : m_decoyHash;
    m_workers.start([desk = QPointer<PasswordDesk>(this), hash, work, delay = m_services.options.signInLimits.delay] {
        const bool isRight = checkPassword(work->attempt.password, hash);
        // The destructor waits for the workers, so the desk is there; what is queued for it dies with it.
        QMetaObject::invokeMethod(desk.data(), [desk, work, isRight, delay] {
            if (isRight || delay.count() == 0)
                return desk->checked(work, isRight);
            QTimer::singleShot(delay, desk.data(), [desk, work] { desk->checked(work, false); });
        });
    });
}

void PasswordDesk::checked(const std::shared_ptr<Work> &work, bool isRight)
{
    --m_allInWork;
    if (--m_inWork[work->counted.network] <= 0)
        m_inWork.remove(work->counted.network);
    work->attempt.password.clear();
    const std::optional<IssuerUser> present = m_services.directory.user(work->attempt.name);
    const bool isLocked = present && present->isLocked;
    const bool isSame = present == work->known; // not removed, and with the same password, since the check began
    if (!isRight || !work->known || isLocked || !isSame) {
        const QString reason = !work->known ? u"unknown_user"_s : isRight && isLocked ? u"user_locked"_s : u"wrong_password"_s;
        recordFailure(work->known, work->attempt.clientId, reason, work->request);
        work->answer({Verdict::Outcome::Wrong, {}, {}, {}});
        return;
    }
    m_brake.succeeded(work->counted);
    QByteArray cookie;
    if (work->counted.device.isEmpty()) {
        cookie = QByteArray(kDeviceCookie) + '=' + m_devices.seal(randomId().toLatin1() + ' ' + work->known->subject.toUtf8())
            + "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=7776000";
    }
    work->answer({Verdict::Outcome::Good, work->known, {}, cookie});
}

void PasswordDesk::recordFailure(const std::optional<IssuerUser> &known, const QString &clientId, const QString &reason,
                                 const HttpRequest &request)
{
    // A name that nobody has may be a password in the wrong field, so it is not written down.
    const bool braked = reason == "too_many_attempts"_L1;
    QJsonObject data{
        {"actor"_L1, m_services.audit.actor(known ? known->subject : QString(), known ? known->name : QString(), clientId)},
        {"initiator"_L1, u"user"_s}};
    m_services.audit.record({.type = u"signin.failed"_s,
                             .subject = {},
                             .severity = 3,
                             .outcome = braked ? u"denied"_s : u"failure"_s,
                             .reasonCode = reason,
                             .message = u"A sign-in failed: %1."_s.arg(reason),
                             .data = data},
                            &request);
    if (!braked)
        return;
    data.insert("limit"_L1,
                QJsonObject{{"name"_L1, u"signin_failures"_s}, {"max"_L1, m_services.options.signInLimits.failuresPerUser}});
    m_services.audit.record({.type = u"limit.hit"_s,
                             .subject = {},
                             .severity = 3,
                             .outcome = u"denied"_s,
                             .reasonCode = u"signin_failures"_s,
                             .message = u"Too many wrong passwords."_s,
                             .data = data},
                            &request);
}

} // namespace Watchword::Gateway
