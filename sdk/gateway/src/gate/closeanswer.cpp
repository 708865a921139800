// SPDX-License-Identifier: Apache-2.0
#include "gate/closeanswer.h"

#include "endpoint/peerclose.h"
#include "gate/credential.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

std::optional<CloseCode> codeOf(const Refusal &refusal)
{
    switch (refusal.status) {
    case 401:
        if (refusal.reasonCode == "acr_too_weak"_L1 || refusal.reasonCode == "sign_in_too_old"_L1)
            return CloseCode::StepUpRequired;
        return refusal.reasonCode == Error(ErrorCode::TokenExpired).codeName() ? CloseCode::TokenExpired
                                                                               : CloseCode::TokenInvalid;
    case 403:
        return refusal.reasonCode == "locked"_L1 ? CloseCode::Locked : CloseCode::Forbidden;
    case 429:
        return refusal.reasonCode.startsWith("connections"_L1) ? CloseCode::ConnectionLimit : CloseCode::RateLimited;
    case 502:
    case 504:
        return CloseCode::BadGateway;
    case 503:
        return CloseCode::TryAgainLater;
    default:
        return {}; // a hidden endpoint stays hidden
    }
}

bool isFromPage(const RequestHead &head, const GateTarget &target)
{
    // A page cannot set Authorization; what can, sees the status. Other sites' pages get 403 as everywhere.
    const QList<QByteArray> origins = head.values("Origin");
    return origins.size() == 1 && target.origins.contains(QString::fromLatin1(origins.first()))
        && !head.contains("Authorization");
}

// A browser gives up a connection on which nothing of its offer was chosen.
QString subprotocolFor(const RequestHead &head, const GateTarget &target)
{
    const QString chosen = chosenSubprotocol(head, target.subprotocols);
    return chosen.isEmpty() ? offeredSubprotocols(head).value(0) : chosen;
}

QByteArray frameOf(Wire::Opcode opcode, Wire::Bytes payload)
{
    Wire::FrameHeader header;
    header.opcode = opcode;
    QByteArray frame(qsizetype(Wire::headerSize(payload.size(), false) + payload.size()), Qt::Uninitialized);
    Wire::writeFrame(reinterpret_cast<std::uint8_t *>(frame.data()), header, payload, nullptr);
    return frame;
}

QByteArray byeFrame(const PeerClose &close)
{
    const QByteArray text = byeOf(close).toText().toUtf8();
    return frameOf(Wire::Opcode::Text, Wire::bytesOf(std::string_view(text.constData(), std::size_t(text.size()))));
}

QByteArray closeFrame(CloseCode code)
{
    std::array<std::uint8_t, Wire::kLargestControl> payload{};
    const std::size_t size = Wire::writeClosePayload(payload.data(), std::uint16_t(code), closeCodeName(int(code)).toStdString());
    return frameOf(Wire::Opcode::Close, std::span(payload).first(size));
}

} // namespace

CloseCode closeCodeOf(const Refusal &refusal)
{
    return refusal.status == 408 ? CloseCode::AuthTimeout : codeOf(refusal).value_or(CloseCode::PolicyViolation);
}

std::optional<CloseAnswer> closeAnswerOf(const Refusal &refusal, const QString &ref, const RequestHead &head,
                                         const GateTarget *target)
{
    const std::optional<CloseCode> code = codeOf(refusal);
    if (!target || !code || target->rejectStyle != EndpointConfig::RejectStyle::AcceptThenClose || !isFromPage(head, *target)
        || !isGoodUpgrade(head))
        return {};
    CloseAnswer answer{int(*code), subprotocolFor(head, *target), {}};
    if (answer.subprotocol == QLatin1StringView(kSubprotocol)) {
        PeerClose close{.code = *code, .after = refusal.retryAfter.value_or(Duration()), .ref = ref};
        if (*code == CloseCode::StepUpRequired)
            close.members = stepUpMembers(*target);
        if (refusal.lockedUntil && close.code == CloseCode::Locked)
            close.members.insert("until"_L1, toRfc3339(*refusal.lockedUntil));
        if (!refusal.detail.isEmpty())
            close.text = refusal.detail;
        answer.frames = byeFrame(close);
    }
    answer.frames += closeFrame(*code);
    return answer;
}

} // namespace Watchword::Gateway
