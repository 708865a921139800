// SPDX-License-Identifier: Apache-2.0
#include "provider/answer.h"
#include "provider/tokenresponse.h"

#include <cstdlib>
#include <iterator>

using namespace Watchword;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

// The first byte chooses the status, the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    constexpr int statuses[] = {200, 400, 401, 403, 429, 500, 503, 302, 201, 204, 404};
    HttpOutcome outcome;
    outcome.mayHaveBeenSent = true;
    outcome.status = statuses[data[0] % std::size(statuses)];
    outcome.body = QByteArray(reinterpret_cast<const char *>(data + 1), qsizetype(size - 1));
    constexpr AnswerTo asked[] = {AnswerTo::Request, AnswerTo::Code, AnswerTo::DeviceCode, AnswerTo::Refresh};
    const AnswerTo what = asked[data[0] / std::size(statuses) % std::size(asked)];
    const TokenAnswer answer = classifyTokenAnswer(outcome, what);
    const bool success = answer.meaning == TokenAnswerClass::Success;
    require(success == !answer.grant.accessToken.isEmpty());
    require(!success || outcome.status < 300);
    // Only an answer that is JSON with an error, or 400 and 401 without a page, may ask for the person.
    if (answer.meaning == TokenAnswerClass::FinalUser) {
        require(outcome.status < 500 && outcome.status != 429);
        require(outcome.body.contains("error") || ((outcome.status == 400 || outcome.status == 401) && !isPage(outcome)));
    }
    // What was received with an answer that cannot be used is there, and nothing else of it.
    if (answer.meaning == TokenAnswerClass::Unusable)
        require(answer.maybeSpent && outcome.status < 300);
    else
        require(success || answer.grant.refreshToken.isEmpty());
    require(!success || !answer.grant.tokenType.isEmpty() || what == AnswerTo::Refresh);
    if (success) {
        for (const char c : answer.grant.accessToken.reveal())
            require(c > ' ' && c < 0x7f);
        require(!answer.grant.expiresIn || answer.grant.expiresIn->count() >= 1);
    }
    require(!answer.error.detail().contains(u'\n'));
    return 0;
}
