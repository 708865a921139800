// SPDX-License-Identifier: Apache-2.0
#include "watchword/testing/fakegateway.h"

#include "fakepeer_p.h"
#include "proofcheck.h"

#include "watchword/core/closepolicy.h"

#include <QCryptographicHash>
#include <QDateTime>
#include <QPointer>
#include <QSslConfiguration>
#include <QSslSocket>
#include <QTcpServer>
#include <QTimer>
#include <QWebSocketServer>

#include <deque>
#include <optional>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

class Listener final : public QTcpServer
{
public:
    std::function<void(qintptr)> onConnection;

protected:
    void incomingConnection(qintptr descriptor) override { onConnection(descriptor); }
};

QByteArray acceptValue(const QByteArray &key)
{
    return QCryptographicHash::hash(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", QCryptographicHash::Sha1).toBase64();
}

FakeGateway::Request parseRequest(const QByteArray &head)
{
    FakeGateway::Request request;
    const QList<QByteArray> lines = head.split('\n');
    request.line = lines.first().trimmed();
    for (const QByteArray &line : lines.mid(1)) {
        const qsizetype colon = line.indexOf(':');
        if (colon > 0)
            request.headers.insert(line.first(colon).trimmed().toLower(), line.mid(colon + 1).trimmed());
    }
    return request;
}

} // namespace

class FakeGateway::Private
{
public:
    explicit Private(FakeGateway *gateway)
        : q(gateway)
    {
        listener.onConnection = [this](qintptr descriptor) { onDescriptor(descriptor); };
    }

    bool listen(bool encrypted);
    void onDescriptor(qintptr descriptor);
    void onHead(QTcpSocket *socket);
    void carryOut(const Step &step, QTcpSocket *socket, const Request &request);
    void answer(const Step &step, QTcpSocket *socket, const Request &request);
    void handOver(const Step &step, QTcpSocket *socket, const Request &request);
    void onWebSocket();
    void onText(FakePeer *peer, const QString &text);
    void onFrame(FakePeer *peer, const Frame &frame);
    void hello(FakePeer *peer);
    void renew(FakePeer *peer, const QJsonObject &fields);
    Step judge(const Request &request);
    qint64 expiry() const { return QDateTime::currentSecsSinceEpoch() + lifetime.count() / 1000; }

    FakeGateway *const q;
    Listener listener;
    std::unique_ptr<QWebSocketServer> server;
    std::optional<ThrowAwayTls> tls;
    QList<QSslCertificate> clientAuthorities;
    QSslCertificate clientCertificate;
    bool encrypted = true;
    quint16 port = 0;
    QStringList subprotocols{QString::fromLatin1(kSubprotocol)};
    bool echo = false;
    bool acknowledging = true;
    bool answeringPings = true;
    std::chrono::milliseconds lifetime{3'600'000};
    QJsonObject helloMembers;
    ProofCheck proofs;
    std::deque<Step> steps;
    QList<Request> requests;
    int connectionsSeen = 0;
    int acceptedCount = 0;
    QList<QPointer<FakePeer>> peers;
    QList<QPointer<QTcpSocket>> sockets;
    struct Handover
    {
        QPointer<QTcpSocket> socket;
        QByteArray token;
        QUrl url;
        bool withHello;
        int closeCode;
        QString closeReason;
    };
    QMap<quint16, Handover> handovers; //!< By the client's port.
};

bool FakeGateway::Private::listen(bool withTls)
{
    encrypted = withTls;
    if (encrypted && !tls)
        tls = ThrowAwayTls::make();
    server =
        std::make_unique<QWebSocketServer>(u"fake"_s, encrypted ? QWebSocketServer::SecureMode : QWebSocketServer::NonSecureMode);
    server->setSupportedSubprotocols(subprotocols);
    QObject::connect(server.get(), &QWebSocketServer::newConnection, q, [this] { onWebSocket(); });
    const bool listening = listener.listen(QHostAddress::LocalHost, port);
    port = listener.serverPort();
    return listening;
}

void FakeGateway::Private::onDescriptor(qintptr descriptor)
{
    ++connectionsSeen;
    QTcpSocket *socket = nullptr;
    if (encrypted) {
        auto *secure = new QSslSocket(q);
        QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
        configuration.setLocalCertificate(tls->certificate);
        configuration.setPrivateKey(tls->key);
        configuration.setPeerVerifyMode(QSslSocket::VerifyNone); // of clients, which have no certificates
        if (!clientAuthorities.isEmpty()) {
            configuration.setPeerVerifyMode(QSslSocket::VerifyPeer);
            configuration.setCaCertificates(clientAuthorities);
        }
        QObject::connect(secure, &QSslSocket::encrypted, q, [this, secure] { clientCertificate = secure->peerCertificate(); });
        configuration.setProtocol(QSsl::TlsV1_2OrLater);
        secure->setSslConfiguration(configuration);
        secure->setSocketDescriptor(descriptor);
        secure->startServerEncryption();
        socket = secure;
    } else {
        socket = new QTcpSocket(q);
        socket->setSocketDescriptor(descriptor);
    }
    sockets.append(socket);
    QObject::connect(socket, &QIODevice::readyRead, q, [this, socket] { onHead(socket); });
    QObject::connect(socket, &QAbstractSocket::disconnected, socket, &QObject::deleteLater);
}

void FakeGateway::Private::onHead(QTcpSocket *socket)
{
    constexpr qint64 largest = 64 * 1024;
    const QByteArray bytes = socket->peek(largest);
    const qsizetype end = bytes.indexOf("\r\n\r\n");
    if (end < 0) {
        if (bytes.size() >= largest)
            socket->abort();
        return;
    }
    QObject::disconnect(socket, &QIODevice::readyRead, q, nullptr);
    const Request request = parseRequest(bytes.first(end));
    requests.append(request);
    Step step;
    if (!steps.empty()) {
        step = steps.front();
        steps.pop_front();
    } else {
        step = judge(request);
    }
    carryOut(step, socket, request);
    Q_EMIT q->requestReceived();
}

FakeGateway::Step FakeGateway::Private::judge(const Request &request)
{
    const QByteArray token = request.bearer();
    if (const int status = q->onToken ? q->onToken(token) : token.isEmpty() ? 401 : 0)
        return refuse(status, {{"WWW-Authenticate", "Bearer realm=\"/\", error=\"invalid_token\""}});
    if (!proofs.required)
        return {};
    QString fault = u"invalid_dpop_proof"_s;
    if (request.headers.value("authorization").startsWith("DPoP "))
        fault = proofs.fault(request.headers.value("dpop"), q->url(request.path()), token);
    if (fault.isEmpty())
        return {};
    QMap<QByteArray, QByteArray> headers{{"WWW-Authenticate", "DPoP error=\"" + fault.toLatin1() + '"'}};
    if (!proofs.nonce.isEmpty())
        headers.insert("DPoP-Nonce", proofs.nonce);
    return refuse(401, headers);
}

void FakeGateway::Private::carryOut(const Step &step, QTcpSocket *socket, const Request &request)
{
    switch (step.kind) {
    case Step::Kind::Accept:
        handOver(step, socket, request);
        break;
    case Step::Kind::Answer:
        answer(step, socket, request);
        break;
    case Step::Kind::Hang:
        break;
    case Step::Kind::Drop:
        socket->disconnectFromHost();
        break;
    case Step::Kind::Reset:
        resetSocket(socket);
        break;
    }
}

void FakeGateway::Private::answer(const Step &step, QTcpSocket *socket, const Request &request)
{
    QByteArray bytes = step.answer;
    bytes.replace("{accept}", acceptValue(request.headers.value("sec-websocket-key")));
    bytes.replace("{proof}", request.headers.value("dpop"));
    if (step.perByte.count() == 0) {
        socket->write(bytes);
        if (!step.keepOpen)
            socket->disconnectFromHost();
        return;
    }
    auto *timer = new QTimer(socket);
    QObject::connect(timer, &QTimer::timeout, socket,
                     [socket, timer, bytes, position = qsizetype(0), keepOpen = step.keepOpen]() mutable {
                         if (position < bytes.size()) {
                             socket->write(bytes.constData() + position++, 1);
                             return;
                         }
                         timer->stop();
                         if (!keepOpen)
                             socket->disconnectFromHost();
                     });
    timer->start(step.perByte);
}

void FakeGateway::Private::handOver(const Step &step, QTcpSocket *socket, const Request &request)
{
    handovers.insert(socket->peerPort(),
                     {socket, request.bearer(), q->url(request.path()), step.withHello, step.closeCode, step.closeReason});
    // The WebSocket server owns the socket from here.
    QObject::disconnect(socket, &QAbstractSocket::disconnected, socket, &QObject::deleteLater);
    server->handleConnection(socket);
}

void FakeGateway::Private::onWebSocket()
{
    while (QWebSocket *socket = server->nextPendingConnection()) {
        const Handover handover = handovers.take(socket->peerPort());
        auto *peer = new FakePeer({socket, handover.socket}, q);
        peer->d->number = ++acceptedCount;
        peer->d->token = Secret::copy(handover.token);
        peer->d->url = handover.url;
        peers.append(peer);
        QObject::connect(socket, &QWebSocket::textMessageReceived, peer,
                         [this, peer](const QString &text) { onText(peer, text); });
        QObject::connect(peer, &FakePeer::binaryReceived, q, [this, peer](const QByteArray &bytes) {
            if (echo)
                peer->sendBinary(bytes);
        });
        QObject::connect(peer, &FakePeer::closed, peer, &QObject::deleteLater);
        if (handover.closeCode)
            peer->close(handover.closeCode, handover.closeReason);
        else if (handover.withHello && peer->subprotocol() == QLatin1StringView(kSubprotocol))
            hello(peer);
        Q_EMIT q->accepted(peer);
    }
}

void FakeGateway::Private::hello(FakePeer *peer)
{
    QJsonObject fields{
        {u"conn"_s, u"c-%1"_s.arg(peer->number())},
        {u"sid"_s, u"s-1"_s},
        {u"exp"_s, double(QDateTime::currentMSecsSinceEpoch() + lifetime.count()) / 1000.0},
        {u"server_time"_s, QDateTime::currentMSecsSinceEpoch()},
        {u"in_band_renewal"_s, true},
    };
    if (!proofs.nonce.isEmpty())
        fields.insert(u"dpop_nonce"_s, QString::fromLatin1(proofs.nonce));
    for (auto member = helloMembers.constBegin(); member != helloMembers.constEnd(); ++member)
        fields.insert(member.key(), member.value());
    peer->sendFrame(Frame(QLatin1StringView(FrameType::Hello), fields));
}

void FakeGateway::Private::onText(FakePeer *peer, const QString &text)
{
    if (peer->subprotocol() == QLatin1StringView(kSubprotocol) && Frame::isControl(text)) {
        if (const Result<Frame> frame = Frame::parse(text))
            onFrame(peer, *frame);
        return;
    }
    const bool isWatchword = peer->subprotocol() == QLatin1StringView(kSubprotocol);
    const QString content = isWatchword ? Frame::unescape(text) : text;
    peer->d->texts.append(content);
    if (echo)
        peer->sendText(text);
    Q_EMIT peer->textReceived(content);
}

void FakeGateway::Private::onFrame(FakePeer *peer, const Frame &frame)
{
    peer->d->frames.append(frame);
    const QString type = frame.type();
    if (type == QLatin1StringView(FrameType::Ping) && answeringPings) {
        peer->sendFrame(Frame(QLatin1StringView(FrameType::Pong), frame.fields()));
    } else if (type == QLatin1StringView(FrameType::Message) && acknowledging) {
        peer->d->texts.append(QString::fromUtf8(frame.payload()));
        peer->sendFrame(Frame(QLatin1StringView(FrameType::Ack), frame.fields()));
    } else if (type == QLatin1StringView(FrameType::AuthRefresh)) {
        renew(peer, frame.fields());
    }
    Q_EMIT peer->frameReceived(frame);
}

void FakeGateway::Private::renew(FakePeer *peer, const QJsonObject &fields)
{
    const QByteArray token = fields.value("token"_L1).toString().toLatin1();
    const QString fault =
        proofs.required ? proofs.fault(fields.value("dpop"_L1).toString().toLatin1(), peer->d->url, token) : QString();
    if (!fault.isEmpty()) {
        QJsonObject answer{{u"code"_s, int(CloseCode::TokenInvalid)}, {u"reason"_s, fault}};
        if (!proofs.nonce.isEmpty())
            answer.insert(u"nonce"_s, QString::fromLatin1(proofs.nonce));
        peer->sendFrame(Frame(QLatin1StringView(FrameType::AuthFail), answer));
        return;
    }
    const int verdict = q->onRenewal ? q->onRenewal(token) : 0;
    if (verdict == 0) {
        peer->d->token = Secret::copy(token);
        const double exp = double(QDateTime::currentMSecsSinceEpoch() + lifetime.count()) / 1000.0;
        peer->sendFrame(Frame(QLatin1StringView(FrameType::AuthOk), {{u"exp"_s, exp}, {u"scope"_s, u""_s}}));
    } else if (verdict > 0) {
        peer->sendFrame(Frame(QLatin1StringView(FrameType::AuthFail), {{u"code"_s, verdict}, {u"reason"_s, u"scripted"_s}}));
    }
}

FakeGateway::FakeGateway(QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this))
{
}

FakeGateway::~FakeGateway()
{
    stop();
    // Before their sockets, which are children of the gateway too.
    qDeleteAll(findChildren<FakePeer *>(Qt::FindDirectChildrenOnly));
}

void FakeGateway::setTls(const ThrowAwayTls &tls)
{
    d->tls = tls;
}

void FakeGateway::setClientAuthorities(const QList<QSslCertificate> &authorities)
{
    d->clientAuthorities = authorities;
}

QSslCertificate FakeGateway::clientCertificate() const
{
    return d->clientCertificate;
}

const ThrowAwayTls &FakeGateway::tls() const
{
    if (!d->tls)
        d->tls = ThrowAwayTls::make();
    return *d->tls;
}

bool FakeGateway::listen()
{
    return d->listen(true);
}
bool FakeGateway::listenPlain()
{
    return d->listen(false);
}

void FakeGateway::stop()
{
    d->listener.close();
    for (const QPointer<FakePeer> &peer : std::exchange(d->peers, {})) {
        if (peer) {
            peer->disconnect();
            peer->reset();
            peer->deleteLater();
        }
    }
    for (const QPointer<QTcpSocket> &socket : std::exchange(d->sockets, {})) {
        if (socket && socket->state() != QAbstractSocket::UnconnectedState)
            resetSocket(socket);
    }
}

QUrl FakeGateway::url(const QString &path) const
{
    QUrl url;
    url.setScheme(d->encrypted ? u"wss"_s : u"ws"_s);
    url.setHost(u"localhost"_s);
    url.setPort(d->port);
    url.setPath(path);
    return url;
}

void FakeGateway::next(const Step &step)
{
    d->steps.push_back(step);
}

void FakeGateway::setSubprotocols(const QStringList &names)
{
    d->subprotocols = names;
    if (d->server)
        d->server->setSupportedSubprotocols(names);
}

void FakeGateway::setEcho(bool echo)
{
    d->echo = echo;
}
void FakeGateway::setAcknowledging(bool acknowledge)
{
    d->acknowledging = acknowledge;
}
void FakeGateway::setAnsweringPings(bool answer)
{
    d->answeringPings = answer;
}
void FakeGateway::setTokenLifetime(std::chrono::milliseconds lifetime)
{
    d->lifetime = lifetime;
}

void FakeGateway::requireProof(const QString &thumbprint)
{
    d->proofs.required = true;
    d->proofs.thumbprint = thumbprint;
}

void FakeGateway::setProofNonce(const QByteArray &nonce)
{
    d->proofs.nonce = nonce;
}

void FakeGateway::setHelloMember(const QString &name, const QJsonValue &value)
{
    d->helloMembers.insert(name, value);
}

QList<FakeGateway::Request> FakeGateway::requests() const
{
    return d->requests;
}
int FakeGateway::connectionsSeen() const
{
    return d->connectionsSeen;
}

QList<FakePeer *> FakeGateway::peers() const
{
    QList<FakePeer *> open;
    for (const QPointer<FakePeer> &peer : std::as_const(d->peers)) {
        if (peer && peer->isOpen())
            open.append(peer);
    }
    return open;
}

FakePeer *FakeGateway::peer() const
{
    const QList<FakePeer *> open = peers();
    return open.isEmpty() ? nullptr : open.last();
}

} // namespace Watchword
