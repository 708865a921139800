// SPDX-License-Identifier: Apache-2.0
#include "probe/prober.h"

#include "probe/tlshello.h"
#include "watchword/wire/compression.h"
#include "watchword/wire/deflatenegotiation.h"

#include <QRandomGenerator>
#include <QSslCipher>
#include <QSslKey>
#include <QSslSocket>

#include <algorithm>
#include <array>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr qint64 kReadBuffer = qint64(64) * 1024;
constexpr qsizetype kRawKept = 4096;
constexpr qint64 kBodyRead = qint64(256) * 1024;
constexpr Duration kBodyTime = 500ms;
constexpr qint64 kFramesRead = qint64(1024) * 1024;
constexpr qsizetype kMessagesKept = 16;
constexpr qsizetype kMessageKept = 4096;
constexpr int kMostInterim = 8;

Wire::FrameRules frameRules()
{
    Wire::FrameRules rules;
    rules.limits = {std::uint64_t(kFramesRead), std::uint64_t(kFramesRead), 4096};
    rules.checkText = false; // what the server sends is not what is examined
    return rules;
}

QByteArray bytesOf(std::string_view text)
{
    return QByteArray(text.data(), qsizetype(text.size()));
}

QString textOf(std::string_view text)
{
    return QString::fromUtf8(text.data(), qsizetype(text.size()));
}

Wire::Bytes wireBytes(const QByteArray &bytes)
{
    return Wire::bytesOf({bytes.constData(), std::size_t(bytes.size())});
}

// So that what a server compresses can be read.
std::shared_ptr<Wire::Compression> agreedCompression(const Exchange &exchange)
{
    std::vector<std::string_view> values;
    for (const auto &[name, value] : exchange.fields) {
        if (name.compare("Sec-WebSocket-Extensions", Qt::CaseInsensitive) == 0)
            values.emplace_back(value.constData(), std::size_t(value.size()));
    }
    const Wire::DeflateOptions options;
    const auto agreed = values.empty() ? std::nullopt : Wire::readDeflateAnswer(values, options);
    return agreed ? std::make_shared<Wire::Compression>(Wire::Role::Client, *agreed, options) : nullptr;
}

QString nameOf(QSsl::SslProtocol protocol)
{
    return protocol == QSsl::TlsV1_3 ? u"TLSv1.3"_s : (protocol == QSsl::TlsV1_2 ? u"TLSv1.2"_s : QString());
}

QString nameOf(QSsl::KeyAlgorithm algorithm)
{
    switch (algorithm) {
    case QSsl::Rsa:
        return u"RSA"_s;
    case QSsl::Ec:
        return u"EC"_s;
    case QSsl::Dsa:
        return u"DSA"_s;
    default:
        return u"other"_s;
    }
}

// The commonest in words that say what is wrong with the certificate; the library's speak of how it looked.
QString wordsFor(const QSslError &error, const QString &host)
{
    const QSslCertificate certificate = error.certificate();
    switch (error.error()) {
    case QSslError::HostNameMismatch: {
        QStringList names = certificate.subjectAlternativeNames().values();
        names.sort();
        return u"it is not for %1 but for %2"_s.arg(host, names.isEmpty() ? u"nobody"_s : names.mid(0, 4).join(u", "_s));
    }
    case QSslError::CertificateExpired:
        return u"it ended at %1"_s.arg(certificate.expiryDate().toUTC().toString(Qt::ISODate));
    case QSslError::CertificateNotYetValid:
        return u"it begins only at %1"_s.arg(certificate.effectiveDate().toUTC().toString(Qt::ISODate));
    case QSslError::SelfSignedCertificate:
        return u"it is signed by itself, and not by an authority"_s;
    case QSslError::SelfSignedCertificateInChain:
    case QSslError::UnableToGetLocalIssuerCertificate:
    case QSslError::UnableToGetIssuerCertificate:
    case QSslError::UnableToVerifyFirstCertificate:
    case QSslError::CertificateUntrusted:
        return u"the authority that signed it is not known here, or a certificate between them is missing"_s;
    default:
        return error.errorString();
    }
}

void note(TlsFacts &facts, const QSslCertificate &certificate)
{
    if (certificate.isNull())
        return;
    facts.subject = certificate.subjectInfo(QSslCertificate::CommonName).join(u", "_s);
    facts.effective = certificate.effectiveDate().toUTC();
    facts.expires = certificate.expiryDate().toUTC();
    const QSslKey key = certificate.publicKey();
    facts.keyType = nameOf(key.algorithm());
    facts.keyBits = key.length();
}

} // namespace

Prober::Prober(Probe probe, const Destination &destination, Done done, QObject *parent)
    : QObject(parent)
    , m_probe(std::move(probe))
    , m_destination(destination)
    , m_done(std::move(done))
    , m_head(Wire::HeadKind::Response)
{
    m_exchange.probe = m_probe.id;
    m_exchange.credential = m_probe.credential;
    if (!m_probe.remark.isEmpty())
        m_exchange.behind.append(m_probe.remark);
    m_deadline.setSingleShot(true);
    connect(&m_deadline, &QTimer::timeout, this, &Prober::onDeadline);
}

Prober::~Prober()
{
    m_state = State::Done;
    if (m_socket) {
        m_socket->disconnect(this);
        m_socket->abort();
    }
}

void Prober::start()
{
    if (m_state != State::Idle)
        return;
    m_state = State::Connecting;
    m_deadline.start(m_probe.patience);
    const quint16 port = m_probe.port ? m_probe.port : m_destination.port;
    const bool isTls = m_probe.line == Probe::Line::Tls;
    m_socket = isTls ? new QSslSocket(this) : new QTcpSocket(this);
    m_socket->setReadBufferSize(kReadBuffer);
    connect(m_socket, &QAbstractSocket::errorOccurred, this, &Prober::onError, Qt::QueuedConnection);
    connect(m_socket, &QAbstractSocket::disconnected, this, &Prober::onDisconnected);
    connect(m_socket, &QIODevice::readyRead, this, &Prober::onReadyRead);
    if (auto *secure = qobject_cast<QSslSocket *>(m_socket)) {
        secure->setSslConfiguration(m_destination.tls);
        connect(secure, &QSslSocket::sslErrors, this, &Prober::onTlsErrors);
        connect(secure, &QSslSocket::encrypted, this, &Prober::onEncrypted);
        secure->connectToHostEncrypted(m_destination.host, port, m_destination.host);
    } else {
        connect(m_socket, &QAbstractSocket::connected, this, &Prober::onReady);
        m_socket->connectToHost(m_destination.host, port);
    }
}

QByteArray Prober::withToken(const QByteArray &text, const Secret &token) const
{
    QByteArray result = text;
    if (!token.isEmpty())
        result.replace(QByteArray(1, kTokenMark), token.reveal().toByteArray());
    return result;
}

void Prober::onReady()
{
    m_state = State::Waiting;
    m_sinceSent.start();
    if (m_probe.line != Probe::Line::Hello)
        m_exchange.sent = m_probe.bytes;
    m_exchange.sentAt = Duration(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
    QByteArray bytes = m_probe.line == Probe::Line::Hello ? m_probe.bytes : withToken(m_probe.bytes, m_probe.token);
    m_socket->write(bytes);
    wipe(bytes.data(), bytes.size());
}

void Prober::onEncrypted()
{
    const auto *socket = qobject_cast<QSslSocket *>(m_socket);
    m_exchange.tls.protocol = nameOf(socket->sessionProtocol());
    m_exchange.tls.cipher = socket->sessionCipher().name();
    note(m_exchange.tls, socket->peerCertificate());
    onReady();
}

void Prober::onTlsErrors(const QList<QSslError> &errors)
{
    // Nothing is ignored: the socket ends, and onError() says so.
    for (const QSslError &error : errors)
        m_exchange.tls.errors.append(wordsFor(error, m_destination.host));
    m_exchange.tls.errors.removeDuplicates();
    note(m_exchange.tls, qobject_cast<QSslSocket *>(m_socket)->peerCertificate());
}

void Prober::onError()
{
    if (m_state == State::Done)
        return;
    const QAbstractSocket::SocketError error = m_socket->error();
    if (error == QAbstractSocket::SslHandshakeFailedError || !m_exchange.tls.errors.isEmpty()) {
        m_exchange.tls.isPlainProblem = m_exchange.tls.errors.isEmpty();
        m_exchange.tls.failure = m_socket->errorString();
        m_exchange.fault = m_exchange.tls.errors.isEmpty() ? m_socket->errorString() : m_exchange.tls.errors.join(u"; "_s);
        finish(Exchange::End::Untrusted);
    } else if (m_state == State::Connecting) {
        const bool isTlsStart = m_probe.line == Probe::Line::Tls && error == QAbstractSocket::RemoteHostClosedError;
        m_exchange.tls.isPlainProblem = isTlsStart;
        m_exchange.tls.failure = isTlsStart ? u"the connection ended during the TLS handshake"_s : QString();
        m_exchange.fault = m_socket->errorString();
        m_exchange.isHostUnknown = error == QAbstractSocket::HostNotFoundError;
        finish(isTlsStart ? Exchange::End::Untrusted : Exchange::End::Unreachable);
    } else {
        onDisconnected();
    }
}

void Prober::noteEnd()
{
    m_exchange.isEnded = true;
    if (m_exchange.toEnd.count() < 0 && m_sinceSent.isValid())
        m_exchange.toEnd = Duration(m_sinceSent.elapsed());
}

void Prober::onDisconnected()
{
    if (m_state == State::Done || m_state == State::Connecting || m_state == State::Idle)
        return; // onError() knows more
    onReadyRead(); // what came before the end
    if (m_state == State::Done)
        return;
    noteEnd();
    switch (m_state) {
    case State::Body:
        finish(Exchange::End::Answered);
        break;
    case State::Open:
        finish(Exchange::End::Opened);
        break;
    default:
        finish(m_exchange.head.isEmpty() ? Exchange::End::Cut : Exchange::End::Raw);
    }
}

void Prober::onDeadline()
{
    switch (m_state) {
    case State::Connecting:
        m_exchange.fault = u"no connection in time"_s;
        finish(Exchange::End::Unreachable);
        break;
    case State::Waiting:
        finish(m_exchange.head.isEmpty() ? Exchange::End::Silent : Exchange::End::Raw);
        break;
    case State::Body:
        finish(Exchange::End::Answered);
        break;
    case State::Open:
        finish(Exchange::End::Opened);
        break;
    case State::Idle:
    case State::Done:
        break;
    }
}

void Prober::onReadyRead()
{
    QByteArray bytes;
    while (m_state != State::Done && !(bytes = m_socket->read(kReadBuffer)).isEmpty()) {
        if (m_probe.line == Probe::Line::Hello)
            readHello(bytes);
        else if (m_state == State::Waiting)
            readHead(bytes);
        if (m_state == State::Body)
            readBody(bytes);
        else if (m_state == State::Open)
            readFrames(bytes);
    }
}

void Prober::readHello(const QByteArray &bytes)
{
    if (m_exchange.toAnswer.count() < 0)
        m_exchange.toAnswer = Duration(m_sinceSent.elapsed());
    m_exchange.head += bytes.left(kRawKept - m_exchange.head.size());
    if (readHelloAnswer(m_exchange.head).kind != HelloAnswer::Kind::Other || m_exchange.head.size() >= kRawKept)
        finish(Exchange::End::Raw);
}

void Prober::readHead(QByteArray &bytes)
{
    if (m_exchange.toAnswer.count() < 0)
        m_exchange.toAnswer = Duration(m_sinceSent.elapsed());
    m_exchange.head += bytes.left(kRawKept - m_exchange.head.size());
    while (m_state == State::Waiting && !bytes.isEmpty()) {
        bytes.remove(0, qsizetype(m_head.feed(wireBytes(bytes))));
        if (m_head.fault() != Wire::HeadFault::None) {
            m_exchange.fault = textOf(Wire::describe(m_head.fault()));
            finish(Exchange::End::Malformed);
        } else if (m_head.isComplete()) {
            takeHead();
        } else {
            return;
        }
    }
}

void Prober::takeHead()
{
    const Wire::HttpHead &head = m_head.head();
    if (head.status() >= 100 && head.status() < 200 && head.status() != 101) {
        if (++m_interim > kMostInterim) {
            m_exchange.fault = u"interim answers without end"_s;
            finish(Exchange::End::Malformed);
        }
        m_head.reset();
        return;
    }
    m_exchange.status = head.status();
    m_exchange.answeredAt = toDateTime(Clock::system().wallNow());
    m_exchange.head = bytesOf(head.text());
    for (std::size_t i = 0; i < head.fieldCount(); ++i)
        m_exchange.fields.append({bytesOf(head.field(i).name), bytesOf(head.field(i).value)});
    if (head.status() == 101) {
        openFrames();
        return;
    }
    m_state = State::Body;
    m_body.emplace(Wire::HeadKind::Response, head, std::size_t(m_probe.bodyKept));
    m_deadline.start(m_probe.host.isEmpty() ? kBodyTime : m_probe.patience);
    if (m_body->isComplete())
        finish(Exchange::End::Answered);
}

void Prober::readBody(QByteArray &bytes)
{
    m_read += bytes.size();
    m_body->feed(wireBytes(bytes));
    m_exchange.body = bytesOf(m_body->body());
    if (m_body->isComplete() || m_body->isFaulty() || m_read > kBodyRead)
        finish(Exchange::End::Answered);
}

void Prober::openFrames()
{
    m_state = State::Open;
    Wire::FrameRules rules = frameRules();
    std::shared_ptr<Wire::Compression> compression = agreedCompression(m_exchange);
    rules.compression = compression != nullptr;
    m_frames.emplace(rules, std::move(compression));
    m_deadline.start(m_probe.linger);
    for (const ProbeFrame &frame : m_probe.frames) {
        m_exchange.behind.append(inWords(frame));
        for (int i = 0; i < frame.repeat && m_state == State::Open; ++i)
            sendFrame(frame);
    }
    if (m_probe.isOpenFirst)
        QMetaObject::invokeMethod(this, &Prober::opened, Qt::QueuedConnection);
}

void Prober::sendFrame(const ProbeFrame &frame)
{
    // What is compressed may have any byte in it, also that of the mark.
    QByteArray payload =
        frame.compressed ? frame.payload : withToken(frame.payload, frame.token.isEmpty() ? m_probe.token : frame.token);
    std::array<quint8, Wire::kLargestHeader> header{};
    Wire::MaskKey mask{};
    for (quint8 &byte : mask)
        byte = quint8(QRandomGenerator::system()->bounded(256));
    Wire::FrameHeader shape;
    shape.opcode = Wire::Opcode(frame.opcode);
    shape.fin = frame.fin;
    shape.compressed = frame.compressed;
    shape.length = frame.announced.value_or(quint64(payload.size()));
    const std::size_t size = Wire::writeHeader(header.data(), shape, frame.masked ? &mask : nullptr);
    if (frame.masked)
        Wire::applyMask({reinterpret_cast<std::uint8_t *>(payload.data()), std::size_t(payload.size())}, mask);
    m_socket->write(reinterpret_cast<const char *>(header.data()), qint64(size));
    m_socket->write(payload);
}

void Prober::readFrames(QByteArray &bytes)
{
    m_read += bytes.size();
    const Wire::FeedResult result =
        m_frames->feed({reinterpret_cast<std::uint8_t *>(bytes.data()), std::size_t(bytes.size())}, *this);
    if (result.status == Wire::FeedStatus::Failed) {
        m_exchange.fault = textOf(Wire::describe(m_frames->fault()));
        if (m_frames->fault() == Wire::Fault::CloseCodeInvalid) {
            m_exchange.closeCode = Exchange::kNoSuchCode;
            noteEnd();
        }
        finish(Exchange::End::Opened);
    } else if (result.status == Wire::FeedStatus::Closed) {
        noteEnd();
        finish(Exchange::End::Opened);
    } else if (m_read > kFramesRead) {
        finish(Exchange::End::Opened); // a busy stream, and nothing else will come of it
    }
}

Wire::Flow Prober::messageReceived(Wire::Opcode type, Wire::MutableBytes message)
{
    hear(QByteArrayView(reinterpret_cast<const char *>(message.data()), qsizetype(message.size())));
    if (m_exchange.messages.size() < kMessagesKept) {
        const auto size = std::min(qsizetype(message.size()), kMessageKept);
        m_exchange.messages.append(
            {type == Wire::Opcode::Text, QByteArray(reinterpret_cast<const char *>(message.data()), size)});
    }
    if (m_probe.enough && m_probe.enough(m_exchange))
        m_deadline.start(0ms);
    return Wire::Flow::GoOn;
}

void Prober::hear(QByteArrayView message)
{
    if (!m_probe.welcome.isEmpty() && !m_isWelcome && message.contains(m_probe.welcome)) {
        m_isWelcome = true;
        m_deadline.start(m_probe.lingerAfterWelcome);
    }
}

Wire::Flow Prober::pingReceived(Wire::Bytes payload)
{
    ProbeFrame pong;
    pong.opcode = quint8(Wire::Opcode::Pong);
    pong.payload = QByteArray(reinterpret_cast<const char *>(payload.data()), qsizetype(payload.size()));
    sendFrame(pong);
    return Wire::Flow::GoOn;
}

Wire::Flow Prober::pongReceived(Wire::Bytes)
{
    ++m_exchange.pongs;
    return Wire::Flow::GoOn;
}

Wire::Flow Prober::closeReceived(const Wire::CloseFrame &close)
{
    m_exchange.closeCode = close.code;
    m_exchange.closeReason = bytesOf(close.reason);
    return Wire::Flow::GoOn;
}

void Prober::finish(Exchange::End end)
{
    if (m_state == State::Done)
        return;
    m_state = State::Done;
    m_exchange.end = end;
    m_deadline.stop();
    m_socket->disconnect(this);
    m_socket->abort();
    QMetaObject::invokeMethod(
        this,
        [this] {
            deleteLater();
            m_done(m_exchange);
        },
        Qt::QueuedConnection);
}

} // namespace Watchword::Doctoring
