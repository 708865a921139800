// SPDX-License-Identifier: Apache-2.0
// What the gate decides about a request's head, what a page is told, and what an upstream would get of it.
#include "gate/closeanswer.h"
#include "gate/credential.h"
#include "relay/upstreamrequest.h"

#include <cstdlib>

using namespace Watchword;
using namespace Watchword::Gateway;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

std::shared_ptr<const GateTarget> makeTarget()
{
    GateTarget target;
    target.path = QStringLiteral("/a");
    target.isPrefix = target.passesHttp = true;
    target.origins = QStringList{QStringLiteral("https://app.example.com")};
    target.subprotocols = QStringList{QStringLiteral("watchword.v1"), QStringLiteral("chat")};
    target.rejectStyle = EndpointConfig::RejectStyle::AcceptThenClose;
    return std::make_shared<const GateTarget>(target);
}

// One frame behind the other, none masked, the last a close frame.
void checkFrames(QByteArray frames)
{
    struct Sink final : Wire::FrameSink
    {
        Wire::Flow frameStarted(const Wire::FrameHeader &) override { return Wire::Flow::GoOn; }
        Wire::Flow frameData(Wire::MutableBytes) override { return Wire::Flow::GoOn; }
        Wire::Flow frameEnded() override { return Wire::Flow::GoOn; }
        Wire::Flow pingReceived(Wire::Bytes) override { return Wire::Flow::GoOn; }
        Wire::Flow pongReceived(Wire::Bytes) override { return Wire::Flow::GoOn; }
        Wire::Flow closeReceived(const Wire::CloseFrame &) override { return Wire::Flow::GoOn; }
    } sink;
    Wire::FrameParser parser({.role = Wire::Role::Client});
    const auto result = parser.feed({reinterpret_cast<std::uint8_t *>(frames.data()), std::size_t(frames.size())}, sink);
    require(result.status == Wire::FeedStatus::Closed && result.consumed == std::size_t(frames.size()));
}

void checkUpstreamRequest(const RequestHead &head, const std::shared_ptr<const GateTarget> &target)
{
    EndpointConfig config;
    config.path = target->path;
    config.isPrefix = true;
    config.passHeaders = QStringList{QStringLiteral("X-Tenant")};
    config.passCookies = QStringList{QStringLiteral("theme")};
    Admission admission;
    admission.target = target;
    admission.identity.subject = QString::fromUtf8(head.value("X-Tenant"));
    admission.origin = clientText(head.value("Origin"));
    admission.userAgent = clientText(head.value("User-Agent"));
    admission.host = clientText(head.value("Host"));
    const HttpOrder order = UpstreamRequest::httpOrderOf(config, head, admission, QStringLiteral("c-1"));
    const QByteArray path = UpstreamRequest::targetOf(config, QUrl(QStringLiteral("ws://a.test/base")), head.path, head.query);
    // Our request is read as one, with no more fields than we wrote, and no secret of the client in it.
    Wire::HeadReader reader(Wire::HeadKind::Request, {.line = 1 << 20, .head = 1 << 20, .fields = 1000});
    const std::string text =
        order.method + ' ' + path.toStdString() + " HTTP/1.1\r\nHost: a.test\r\n" + order.fields + order.framing + "\r\n";
    require(reader.feed(Wire::bytesOf(text)) == text.size() && reader.isComplete());
    require(reader.head().fieldCount() == std::size_t(std::count(text.begin(), text.end(), '\n')) - 2);
    for (const char *name : {"Authorization", "DPoP", "Upgrade", "Connection", "Sec-WebSocket-Key", "X-Tenant2"})
        require(reader.head().count(name) == 0);
    require(reader.head().count("X-Watchword-Subject") == 1 && reader.head().count("Cookie") <= 1);
    require(reader.head().count("Content-Length") + reader.head().count("Transfer-Encoding") <= 1);
    // What the next one could read in another way got no further than the head.
    require(!head.contains("Transfer-Encoding") || (head.value("Transfer-Encoding").toLower() == "chunked" && order.isChunked));
    require(order.isChunked == (reader.head().value("Transfer-Encoding") == "chunked"));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static const std::shared_ptr<const GateTarget> target = makeTarget();
    static const QList<std::shared_ptr<const GateTarget>> targets{target};
    Wire::HeadReader reader(Wire::HeadKind::Request, kHeadLimits);
    reader.feed({data, size});
    if (!reader.isComplete())
        return 0;
    const ParsedHead parsed = requestHeadOf(reader.head());
    if (!parsed.isGood())
        return 0;
    GateContext context;
    context.targets = &targets;
    const GateDecision decision = decideRequest(parsed.head, GatePeer{QHostAddress(QHostAddress::LocalHost), 1}, context);
    require(decision.action != GateDecision::Action::Accept);
    if (decision.action == GateDecision::Action::Verify) {
        require(decision.target == target && !decision.credential.isEmpty());
        require(!parsed.head.contains("Origin") || parsed.head.value("Origin") == "https://app.example.com");
        checkUpstreamRequest(parsed.head, target);
    }
    if (decision.action != GateDecision::Action::Refuse)
        return 0;
    const QByteArray answer = answerOf(decision.refusal, QStringLiteral("ref"));
    Wire::HeadReader answered(Wire::HeadKind::Response);
    answered.feed({reinterpret_cast<const std::uint8_t *>(answer.constData()), std::size_t(answer.size())});
    require(answered.isComplete() && answered.head().status() == decision.refusal.status);
    if (const auto closing = closeAnswerOf(decision.refusal, QStringLiteral("ref"), parsed.head, decision.target.get())) {
        require(closing->subprotocol.isEmpty() || offeredSubprotocols(parsed.head).contains(closing->subprotocol));
        require(!closing->subprotocol.startsWith(QLatin1StringView("watchword.bearer.")));
        checkFrames(closing->frames);
    }
    return 0;
}
