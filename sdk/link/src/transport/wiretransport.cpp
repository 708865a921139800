// SPDX-License-Identifier: Apache-2.0
#include "transport/wiretransport.h"

#include "transport/readscratch.h"
#include "transport/transporterrors.h"

#include "watchword/core/closepolicy.h"

#include <QPointer>
#include <QSslConfiguration>
#include <QSslSocket>

#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// Without it Qt takes in whatever comes while a slot is slow.
constexpr qint64 kReadBuffer = 128 * 1024;
constexpr auto kBodyTime = 1s; // for the rest of a refusal's body

QString textOfMessage(Wire::Bytes bytes)
{
    const auto text = QString::fromUtf8(reinterpret_cast<const char *>(bytes.data()), qsizetype(bytes.size()));
    // Qt takes a byte order mark away, which is a character of the message (RFC 6455 section 5.6).
    const bool hasMark = bytes.size() >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf;
    return hasMark ? QChar(QChar::ByteOrderMark) + text : text;
}

QByteArray copyOf(Wire::Bytes bytes)
{
    return QByteArray(reinterpret_cast<const char *>(bytes.data()), qsizetype(bytes.size()));
}

} // namespace

WireTransport::WireTransport(ConnectionOptions options)
    : SocketTransport(std::move(options))
{
    m_body.setSingleShot(true);
    m_body.setInterval(kBodyTime);
    connect(&m_body, &QTimer::timeout, this, &WireTransport::judgeRefusal);
}

WireTransport::~WireTransport()
{
    abort();
    if (m_batch)
        m_batch->isGone = true;
}

// --- the way to the server --------------------------------------------------------------------------------------

void WireTransport::connectToServer()
{
    const QUrl url = m_destination.url();
    m_state = State::Connecting;
    m_handshake = std::make_unique<WebSocketHandshake>(m_options, offeredSubprotocols(m_options), url, m_destination.isOrigin());
    if (m_destination.sendsToken()) {
        if (const Result<void> authorized = m_handshake->authorize(m_destination.token()); !authorized) {
            finish({.error = authorized.error()});
            return;
        }
    }
    makeSocket();
    const QPointer<WireTransport> guard(this);
    Q_EMIT phaseReached(AttemptPhase::Dns);
    if (!guard || m_state != State::Connecting)
        return;
    const QString host = url.host(QUrl::FullyEncoded);
    if (auto *tls = qobject_cast<QSslSocket *>(m_socket))
        tls->connectToHostEncrypted(host, quint16(url.port(443)), host);
    else
        m_socket->connectToHost(host, quint16(url.port(80)));
}

void WireTransport::makeSocket()
{
    m_tlsErrors.clear();
    if (isTls()) {
        auto *tls = new QSslSocket(this);
        tls->setSslConfiguration(tlsConfiguration(m_options));
        m_socket = tls;
    } else {
        m_socket = new QTcpSocket(this);
    }
    m_socket->setProxy(proxyOf(m_options));
    watchSocket();
}

void WireTransport::watchSocket()
{
    connect(m_socket, &QAbstractSocket::hostFound, this, [this] { Q_EMIT phaseReached(AttemptPhase::Tcp); });
    connect(m_socket, &QAbstractSocket::connected, this, &WireTransport::onConnected);
    connect(m_socket, &QAbstractSocket::errorOccurred, this, &WireTransport::onError);
    connect(m_socket, &QAbstractSocket::disconnected, this, &WireTransport::onDisconnected);
    connect(m_socket, &QIODevice::readyRead, this, &WireTransport::onReadyRead);
    connect(m_socket, &QIODevice::bytesWritten, this, &WireTransport::onBytesWritten);
    if (auto *tls = qobject_cast<QSslSocket *>(m_socket)) {
        connect(tls, &QSslSocket::sslErrors, this, [this](const QList<QSslError> &errors) { m_tlsErrors = errors; });
        connect(tls, &QSslSocket::encrypted, this, &WireTransport::onEncrypted);
        connect(tls, &QSslSocket::encryptedBytesWritten, this, &WireTransport::onBytesWritten);
    }
}

void WireTransport::onConnected()
{
    m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    m_socket->setReadBufferSize(kReadBuffer); // not before: a TLS socket passes it on to one that it makes when it connects
    if (isTls())
        Q_EMIT phaseReached(AttemptPhase::Tls);
    else
        ask();
}

// Nothing is queued before this: a server with a foreign key sees no byte of the request.
void WireTransport::onEncrypted()
{
    if (acceptsKey(static_cast<QSslSocket *>(m_socket)->peerCertificate()))
        ask();
}

void WireTransport::ask()
{
    std::string request = m_handshake->request();
    m_socket->write(request.data(), qint64(request.size()));
    WebSocketHandshake::wipe(request);
    m_state = State::Asking;
    Q_EMIT phaseReached(AttemptPhase::Upgrade);
}

// --- what comes in ----------------------------------------------------------------------------------------------

void WireTransport::onReadyRead()
{
    if (m_batch)
        return; // a slot runs an event loop of its own; the loop below it goes on reading
    const QPointer<WireTransport> guard(this);
    m_hearing.heard();
    if (guard)
        readAll();
    if (!guard || m_state != State::Open)
        return;
    m_sender->sendPong();
    m_socket->flush();
}

void WireTransport::readAll()
{
    if (m_batch)
        return;
    Batch batch;
    m_batch = &batch;
    ReadScratch scratch;
    while (m_socket && isAlive()) {
        const qint64 count = m_socket->read(reinterpret_cast<char *>(scratch.data()), qint64(ReadScratch::size));
        if (count <= 0)
            break;
        if (!take({scratch.data(), std::size_t(count)}) && batch.isGone)
            return;
    }
    m_batch = nullptr;
}

// False if there is nothing more to read, or nobody who could.
bool WireTransport::take(Wire::MutableBytes bytes)
{
    if (m_state == State::Asking || m_state == State::Refused) {
        if (!takeAnswer(bytes))
            return false;
    }
    return (m_state == State::Open || m_state == State::Closing) && takeFrames(bytes);
}

// Takes the head away from the front of \a bytes.
bool WireTransport::takeAnswer(Wire::MutableBytes &bytes)
{
    bytes = bytes.subspan(m_handshake->feed(bytes));
    switch (m_handshake->state()) {
    case WebSocketHandshake::State::Waiting:
        return false;
    case WebSocketHandshake::State::Open:
        return becomeOpen();
    case WebSocketHandshake::State::Refused:
        if (m_handshake->isAnswerComplete()) {
            judgeRefusal();
        } else if (m_state == State::Asking) {
            m_state = State::Refused;
            m_body.start();
        }
        return false;
    case WebSocketHandshake::State::Failed:
        finish({.error = m_handshake->fault()});
        return false;
    }
    return false;
}

bool WireTransport::becomeOpen()
{
    const QString chosen = m_handshake->subprotocol();
    const auto compression = m_handshake->compression();
    m_destination.takeNonce(m_handshake->newNonce());
    m_handshake.reset();
    Wire::FrameRules rules;
    rules.limits.frame = rules.limits.message = std::uint64_t(m_options.maximumMessage);
    m_reader = std::make_unique<Wire::MessageReader>(rules, compression);
    m_sender = std::make_unique<FrameSender>(m_socket, compression);
    m_state = State::Open;
    const Batch &batch = *m_batch;
    Q_EMIT opened(chosen);
    return !batch.isGone && isAlive();
}

bool WireTransport::takeFrames(Wire::MutableBytes bytes)
{
    const Batch &batch = *m_batch;
    Wire::MessageReader *const reader = m_reader.get();
    const Wire::FeedResult result = reader->feed(bytes, *this);
    if (batch.isGone || !isAlive())
        return false;
    if (result.status == Wire::FeedStatus::Failed)
        failFrames(reader->fault(), reader->peerCloseCode());
    return isAlive();
}

// After a signal, of which only \a batch is left when it destroyed this object.
Wire::Flow WireTransport::flow(const Batch &batch, const WireTransport *self)
{
    return !batch.isGone && self->isAlive() ? Wire::Flow::GoOn : Wire::Flow::Stop;
}

Wire::Flow WireTransport::messageReceived(Wire::Opcode type, Wire::MutableBytes message)
{
    const Batch &batch = *m_batch;
    if (type == Wire::Opcode::Binary) {
        Q_EMIT binaryReceived(copyOf(message));
    } else if (m_textSink) {
        // Moved out: it may end this transport, and would end itself with it.
        auto sink = std::move(m_textSink);
        sink(textOfMessage(message));
        if (!batch.isGone)
            m_textSink = std::move(sink);
    } else {
        Q_EMIT textReceived(textOfMessage(message));
    }
    return flow(batch, this);
}

Wire::Flow WireTransport::pingReceived(Wire::Bytes payload)
{
    m_sender->owePong(payload);
    return Wire::Flow::GoOn;
}

Wire::Flow WireTransport::pongReceived(Wire::Bytes payload)
{
    const Batch &batch = *m_batch;
    Q_EMIT Transport::pongReceived(copyOf(payload));
    return flow(batch, this);
}

Wire::Flow WireTransport::closeReceived(const Wire::CloseFrame &close)
{
    if (m_state == State::Open)
        sendClose(close.code, {});
    TransportEnd end;
    end.closeCode = close.code;
    end.closeReason = QString::fromUtf8(close.reason.data(), qsizetype(close.reason.size()));
    end.error = Error(ErrorCode::ClosedByPeer, end.closeReason);
    finish(std::move(end));
    return Wire::Flow::Stop;
}

// --- ends -------------------------------------------------------------------------------------------------------

void WireTransport::onError(QAbstractSocket::SocketError error)
{
    if (m_batch) {
        // What was read before it is still being taken.
        QMetaObject::invokeMethod(
            this, [this, error] { onError(error); }, Qt::QueuedConnection);
        return;
    }
    const QPointer<WireTransport> guard(this);
    readAll(); // what came before it
    if (!guard || !isAlive() || !m_socket)
        return;
    if (m_state == State::Open || m_state == State::Closing) {
        finish({.closeCode = int(CloseCode::Abnormal), .error = Error(ErrorCode::ConnectionLost)});
        return;
    }
    const bool wasAsked = m_state != State::Connecting;
    if (wasAsked && m_handshake->hasBegun()) {
        m_handshake->finish();
        if (m_handshake->state() == WebSocketHandshake::State::Refused) {
            judgeRefusal();
            return;
        }
    }
    finish({.tlsErrors = textsOf(m_tlsErrors),
            .error = networkError(error, {m_destination.url(), m_socket->errorString(), m_tlsErrors, wasAsked})});
}

void WireTransport::onDisconnected()
{
    if (m_socket && isAlive())
        onError(m_socket->error() == QAbstractSocket::UnknownSocketError ? QAbstractSocket::RemoteHostClosedError
                                                                         : m_socket->error());
}

// A status other than 101, with as much of its body as came.
void WireTransport::judgeRefusal()
{
    m_body.stop();
    const HttpAnswer answer = m_handshake->answer();
    if (const auto end = m_destination.refusedBy(answer, m_handshake->newNonce())) {
        finish(*end);
        return;
    }
    releaseSocket(Parting::AtOnce);
    connectAgain();
}

void WireTransport::failFrames(Wire::Fault fault, std::uint16_t peerCloseCode)
{
    if (m_state == State::Open)
        sendClose(Wire::closeCodeOf(fault), Wire::describe(fault));
    TransportEnd end = refusedFrames(fault, peerCloseCode);
    // It may be in the middle of sending, and should hear why.
    const Parting how = end.closeCode ? Parting::WhenWritten : Parting::WhenPeerEnds;
    finish(std::move(end), how);
}

void WireTransport::finish(TransportEnd end, Parting how)
{
    if (!isAlive())
        return;
    releaseSocket(m_reader ? how : Parting::AtOnce);
    tellEnd(end);
}

void WireTransport::releaseSocket(Parting how)
{
    m_hearing.stop();
    m_body.stop();
    QTcpSocket *const socket = std::exchange(m_socket, nullptr);
    if (!socket)
        return;
    socket->disconnect(this);
    partFrom(socket, how);
}

// --- what goes out ----------------------------------------------------------------------------------------------

void WireTransport::sendText(const QString &text)
{
    if (beginSending())
        m_sender->sendMessage(Wire::Opcode::Text, viewOf(text.toUtf8()));
}

void WireTransport::sendBinary(const QByteArray &bytes)
{
    if (beginSending())
        m_sender->sendMessage(Wire::Opcode::Binary, viewOf(bytes));
}

void WireTransport::ping(const QByteArray &payload)
{
    if (beginSending())
        m_sender->sendPing(viewOf(payload));
}

void WireTransport::sendClose(std::uint16_t code, std::string_view reason)
{
    m_sender->sendClose(code, reason);
    m_state = State::Closing;
}

void WireTransport::close(int code, const QString &reason)
{
    if (m_state == State::Open) {
        const QByteArray text = reason.toUtf8();
        sendClose(std::uint16_t(code), {text.constData(), std::size_t(text.size())});
        m_socket->flush();
    } else if (m_state != State::Closing && m_state != State::Idle) {
        // Before the 101 a close frame would land in the middle of HTTP.
        finish({.error = Error(ErrorCode::Cancelled)});
    }
}

void WireTransport::abort()
{
    // A close frame still leaves, and nobody hears of what comes then.
    releaseSocket(m_state == State::Closing ? Parting::WhenWritten : Parting::AtOnce);
    m_state = State::Aborted;
}

qint64 WireTransport::bytesQueued() const
{
    return !m_socket ? 0 : m_sender ? m_sender->bytesQueued() : bytesUnsent(m_socket);
}

void WireTransport::onBytesWritten()
{
    if (!m_batch && m_state == State::Open)
        m_sender->sendPong();
    Q_EMIT bytesWritten();
}

} // namespace Watchword
