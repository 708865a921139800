// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/links.h"

#include "watchword/testing/faultytransport.h"
#include "watchword/testing/manualclock.h"

#include <QPromise>

namespace PartsTest {

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using M = ConnectionMachine;

/*! Answers when the test says so. */
class SlowTokens final : public TokenProvider
{
public:
    QFuture<Result<AccessToken>> requestToken(const TokenRequest &) override
    {
        asked.emplace_back();
        asked.back().start();
        return asked.back().future();
    }
    void answer(size_t index, const Result<AccessToken> &result)
    {
        asked[index].addResult(result);
        asked[index].finish();
    }
    std::vector<QPromise<Result<AccessToken>>> asked;
};

/*! Proves with a text, and knows what it was told. */
class TextProof final : public TokenProof
{
public:
    Result<QByteArray> headerFor(const QByteArray &, const QUrl &url, const Secret &) override
    {
        if (isBroken)
            return Error(ErrorCode::Internal);
        return "proof for " + url.toEncoded();
    }
    bool rememberNonce(const QUrl &url, const QByteArray &nonce) override
    {
        nonces.append(url.host().toLatin1() + ' ' + nonce);
        return true;
    }
    bool isBroken = false;
    QByteArrayList nonces;
};

inline AccessToken tokenOf(const QByteArray &value, std::shared_ptr<TokenProof> proof = {})
{
    AccessToken token;
    token.value = Secret::copy(value);
    token.type = proof ? u"DPoP"_s : u"Bearer"_s;
    token.proof = std::move(proof);
    return token;
}

/*! The parts of a Connection without the one that executes the machine: what happened is kept, and nothing is decided. */
struct Parts final : Receiver::Sink
{
    using Change = std::function<void(ConnectionOptions &)>;

    explicit Parts(TokenProvider *provider = nullptr, const Change &change = {})
        : context(
            options(change), provider ? LinkContext::Tokens::Used : LinkContext::Tokens::None,
            [this](M::Event event) { events.push_back(std::move(event)); },
            [this](const ConnectError &failure) { failures.append(failure); })
        , tokens(provider, context)
        , sender(context, [] {})
        , rooms([this](const Frame &frame) { context.swap.current().send(frame); })
        , receiver(context, tokens, sender, rooms, *this)
        , surroundings(clock, context.post)
        , links(std::make_unique<Links>(context, tokens, sender, rooms, receiver, surroundings))
    {
    }
    ConnectionOptions options(const Change &change)
    {
        ConnectionOptions options;
        options.url = QUrl(u"wss://example.test/"_s);
        options.clock = &clock;
        options.transport = FaultyTransport::factory(network);
        if (change)
            change(options);
        return options;
    }
    //! A link in use, as after BecomeReady.
    FaultyTransport *use(const QString &subprotocol = QLatin1StringView(kSubprotocol), Link::Id id = 1)
    {
        start(id);
        at(id)->open(subprotocol);
        context.swap.current().stage = Link::Stage::InUse;
        events.clear();
        return at(id);
    }
    void start(Link::Id id) { links->start({.id = id, .why = u"test"_s}); }
    //! Another one beside it. The machine of this bench knows of none, so the link is put where Links would put it.
    FaultyTransport *openReplacement(Link::Id id, Link::Speech speech = Link::Speech::Watchword)
    {
        Link &link = context.swap.openReplacement(id);
        link.speech = speech;
        link.transport = context.options.transport(context.options);
        auto *transport = static_cast<FaultyTransport *>(link.transport.get());
        transport->start({});
        return transport;
    }
    FaultyTransport *at(Link::Id id) const { return network->transports.value(int(id) - 1); }
    template <typename Event>
    const Event *last() const
    {
        return events.empty() ? nullptr : std::get_if<Event>(&events.back());
    }
    void give(Link::Id id, const QString &type, const QJsonObject &fields = {}, const QByteArray &payload = {})
    {
        receiver.takeText(id, Frame(type, fields, payload).toText());
    }

    void onText(const QString &text) override { told.append(text); }
    void onBinary(const QByteArray &bytes) override { told.append(u"binary "_s + QString::fromLatin1(bytes)); }
    void onAcknowledged(const QByteArray &text) override { told.append(u"once "_s + QString::fromUtf8(text)); }
    void onFrame(const Frame &frame) override { told.append(u"frame "_s + frame.type()); }
    void onBye(const Bye &bye) override { byes.append(bye); }
    void onFault(const Error &error) override { faults.append(error.code()); }
    void onEnd(Link::Id id, const TransportEnd &end) override
    {
        ends.append(u"%1 %2 %3"_s.arg(id).arg(end.closeCode).arg(end.error.codeName()));
    }

    ManualClock clock;
    std::shared_ptr<FaultyTransport::Network> network = std::make_shared<FaultyTransport::Network>();
    std::vector<M::Event> events;
    QStringList told;
    QStringList ends;
    QList<Bye> byes;
    QList<ErrorCode> faults;
    QList<ConnectError> failures;
    ConnectionContext context;
    TokenCourier tokens;
    Sender sender;
    Rooms rooms;
    Receiver receiver;
    Surroundings surroundings;
    std::unique_ptr<Links> links;
};

} // namespace PartsTest
