// SPDX-License-Identifier: Apache-2.0
#include "doctor_p.h"
#include "write/writers.h"

#include "watchword/core/internal/futures.h"
#include "watchword/core/internal/loopback.h"

#include <QTcpSocket>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Doctoring::Exchange;
using Doctoring::Probe;
using Doctoring::Prober;

namespace {

constexpr Duration kLongestPatience = 3s; // with a server that asks to come back later

Duration retryAfter(const Exchange &exchange)
{
    bool isNumber = false;
    const int seconds = exchange.value("Retry-After").toInt(&isNumber);
    return isNumber && seconds >= 0 ? std::min<Duration>(std::chrono::seconds(seconds), kLongestPatience) : Duration(1s);
}

// RFC 9110: what cannot stand in a header line cannot be sent as one.
bool isOneLine(const QByteArray &text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// RFC 9110 section 11.2. Empty: there is none.
bool isToken68(QByteArrayView token)
{
    return std::all_of(token.begin(), token.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
            || QByteArrayView("-._~+/=").contains(c);
    });
}

} // namespace

Doctor::Private::Private(Doctor *doctor, DoctorOptions doctorOptions)
    : q(doctor)
    , options(std::move(doctorOptions))
    , examination(options)
{
    destination.host = options.endpoint.host(QUrl::FullyEncoded);
    destination.port = quint16(options.endpoint.port(443));
    QList<QSslCertificate> authorities = destination.tls.caCertificates();
    destination.tls.setCaCertificates(authorities + options.additionalCertificateAuthorities);
    pace.setSingleShot(true);
    budget.setSingleShot(true);
    ending.setSingleShot(true);
    QObject::connect(&ending, &QTimer::timeout, q, [this] { finish(); });
    QObject::connect(&pace, &QTimer::timeout, q, [this] {
        isWaiting = false;
        pump();
    });
    QObject::connect(&trap, &QTcpServer::newConnection, q, [this] {
        examination.noteFetch();
        while (QTcpSocket *socket = trap.nextPendingConnection())
            socket->deleteLater();
    });
    QObject::connect(&budget, &QTimer::timeout, q, [this] {
        report.isComplete = false;
        examination.end(u"the time of %1 s was over"_s.arg(options.timeBudget.count() / 1000));
        tell();
        finish();
    });
    report.endpoint = options.endpoint.adjusted(QUrl::RemoveUserInfo | QUrl::RemoveQuery | QUrl::RemoveFragment);
}

std::optional<Error> Doctor::Private::misconfigured() const
{
    const QUrl &url = options.endpoint;
    if (!url.userInfo().isEmpty())
        return Error(ErrorCode::ConfigInvalid,
                     u"the endpoint has a user name or a password in it: take it out, and give a token by itself"_s);
    if (url.scheme() != "wss"_L1 || url.host().isEmpty())
        return Error(ErrorCode::ConfigInvalid, u"the endpoint is named as wss://host/path"_s);
    if (!isOneLine(options.token.reveal().toByteArray()) || !isOneLine(options.auditToken.reveal().toByteArray()))
        return Error(ErrorCode::ConfigInvalid, u"the token has characters that cannot be sent"_s);
    if (options.tokenWay == DoctorOptions::TokenWay::Header
        && (!isToken68(options.token.reveal()) || !isToken68(options.auditToken.reveal())))
        return Error(ErrorCode::ConfigInvalid,
                     u"a token has characters that Authorization cannot carry (RFC 6750): is it the token alone, as "
                     "\"watchword token --raw\" prints it?"_s);
    if (!isOneLine(options.origin.toUtf8()) || !isOneLine(options.subprotocols.join(u',').toUtf8()))
        return Error(ErrorCode::ConfigInvalid, u"origin and subprotocols are ASCII"_s);
    if (!options.issuer.isEmpty() && (options.issuer.scheme() != "https"_L1 || options.issuer.host().isEmpty()))
        return Error(ErrorCode::ConfigInvalid, u"the issuer is named as https://host"_s);
    if (!options.refreshToken.isEmpty() && (options.issuer.isEmpty() || options.clientId.isEmpty()))
        return Error(ErrorCode::ConfigInvalid, u"a refresh token needs the issuer and the client that it is of"_s);
    if (!options.signingKey.isNull() && options.token.isEmpty())
        return Error(ErrorCode::ConfigInvalid, u"a signing key needs a valid token as the model"_s);
    return {};
}

void Doctor::Private::setState(State next)
{
    state = next;
    Q_EMIT q->stateChanged(next);
}

void Doctor::Private::start()
{
    report.startedAt = toDateTime(Clock::system().wallNow());
    running.start();
    error = misconfigured();
    // Only a server of this machine can be seen following an address: of another one nobody knows whether it could come here.
    if (isLoopbackHost(options.endpoint.host()) && trap.listen(QHostAddress::LocalHost))
        examination.setTrap(trap.serverPort());
    setState(State::Running);
    QMetaObject::invokeMethod(
        q,
        [this] {
            if (state != State::Running)
                return;
            if (error) {
                finish();
                return;
            }
            budget.start(options.timeBudget);
            pump();
        },
        Qt::QueuedConnection);
}

void Doctor::Private::pump()
{
    while (state == State::Running && !isWaiting) {
        if (queue.empty()) {
            if (examination.isDone()) {
                finish();
                return;
            }
            if (!examination.mayAdvance())
                return;
            if (examination.isLastStageNext() && options.audit && !isAuditAsked) {
                askAudit();
                return;
            }
            for (Probe &probe : examination.nextStage())
                queue.push_back(std::move(probe));
            tell();
            continue;
        }
        if (report.requests >= options.requestBudget) {
            report.isComplete = false;
            const QString id = queue.front().id;
            queue.pop_front();
            examination.drop(id, u"the budget of %1 requests was used up"_s.arg(options.requestBudget));
            tell();
            continue;
        }
        const Duration wait = sinceSent.isValid() ? options.pace - Duration(sinceSent.elapsed()) : Duration(0);
        if (wait > 0ms && !queue.front().isBurst) {
            isWaiting = true;
            pace.start(wait);
            return;
        }
        const Probe probe = std::move(queue.front());
        queue.pop_front();
        send(probe);
    }
}

void Doctor::Private::askAudit()
{
    isAuditAsked = true;
    isWaiting = true;
    whenDone(options.audit(Doctoring::auditedIn(examination.recording())), q, [this](const Result<AuditEvidence> &evidence) {
        if (state != State::Running)
            return;
        examination.setAudit(evidence);
        isWaiting = false;
        pump();
    });
}

void Doctor::Private::send(const Probe &probe)
{
    ++report.requests;
    sinceSent.start();
    isWaiting = !probe.runsBeside || probe.isOpenFirst;
    awaited = probe.isOpenFirst ? probe.id : QString();
    Doctoring::Destination to = destination;
    if (!probe.host.isEmpty())
        to.host = probe.host;
    auto *prober = new Prober(
        probe, to, [this, probe](const Exchange &exchange) { answered(probe, exchange); }, q);
    QObject::connect(prober, &Prober::opened, q, [this, id = probe.id] {
        goOnBehind(id);
        pump();
    });
    QObject::connect(q, &Doctor::finished, prober, &QObject::deleteLater);
    prober->start();
}

void Doctor::Private::goOnBehind(const QString &probe)
{
    if (awaited.isEmpty() || awaited != probe)
        return;
    awaited.clear();
    isWaiting = false;
}

void Doctor::Private::answered(const Probe &probe, const Exchange &exchange)
{
    if (state != State::Running)
        return;
    if (!tryAgain(probe, exchange)) {
        if (!probe.runsBeside)
            isWaiting = false;
        goOnBehind(probe.id); // if it was never open
        if (probe.id == "bare"_L1 && exchange.end == Exchange::End::Unreachable)
            error = Error(exchange.isHostUnknown ? ErrorCode::HostNotFound : ErrorCode::ConnectionRefused,
                          u"port %1 of %2 cannot be reached: %3"_s.arg(destination.port).arg(destination.host, exchange.fault));
        examination.record(exchange);
        if (!error)
            tell();
    }
    if (error)
        finish();
    else
        pump();
}

bool Doctor::Private::tryAgain(const Probe &probe, const Exchange &exchange)
{
    const bool isLimited = exchange.end == Exchange::End::Answered && (exchange.status == 429 || exchange.status == 503);
    if (!isLimited || probe.isBurst || probe.runsBeside || triedAgain.contains(probe.id)
        || report.requests >= options.requestBudget)
        return false;
    triedAgain.insert(probe.id);
    queue.push_front(probe);
    isWaiting = true;
    pace.start(retryAfter(exchange));
    return true;
}

// Whoever is told may call stop(), which decides more: that is told by the call that is on its way already.
void Doctor::Private::tell()
{
    untold += examination.takeDecided();
    report.findings = examination.findings();
    if (isTelling)
        return;
    isTelling = true;
    while (!untold.isEmpty()) {
        const Finding finding = untold.takeFirst();
        Q_EMIT q->checked(finding, ++told, examination.total());
    }
    isTelling = false;
}

void Doctor::Private::finish()
{
    if (state != State::Running)
        return;
    budget.stop();
    pace.stop();
    trap.close();
    queue.clear();
    report.findings = examination.findings();
    const QString notMet = examination.recording().isTrusted() ? examination.recording().notMet() : QString();
    if (!notMet.isEmpty())
        report.note = Doctoring::sentence(notMet)
            + u". Check the address; if it is right, give a token that the endpoint accepts. What is graded here is little more "
              "than TLS."_s;
    for (const Finding &finding : std::as_const(report.findings)) {
        if (finding.checkId == "H0"_L1 && finding.verdict == Finding::Verdict::Warn)
            report.note = Doctoring::sentence(finding.summary);
    }
    report.took = Duration(running.elapsed());
    setState(State::Done);
    Q_EMIT q->finished();
}

Doctor::Doctor(DoctorOptions options, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, std::move(options)))
{
}

Doctor::~Doctor()
{
    d->state = State::Done;
}

Doctor::State Doctor::state() const
{
    return d->state;
}

std::optional<Error> Doctor::error() const
{
    return d->error;
}

const Report &Doctor::report() const
{
    return d->report;
}

void Doctor::start()
{
    if (d->state == State::Idle)
        d->start();
}

void Doctor::stop()
{
    if (d->state != State::Running)
        return;
    d->report.isComplete = false;
    d->examination.end(u"stopped before it was examined"_s);
    d->tell();
    d->ending.start(0);
}

} // namespace Watchword
