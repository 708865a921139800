// SPDX-License-Identifier: Apache-2.0
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
    constexpr int statuses[] = {200, 400, 401, 403, 429, 500, 503, 302};
    HttpOutcome outcome;
    outcome.mayHaveBeenSent = true;
    outcome.status = statuses[data[0] % std::size(statuses)];
    outcome.body = QByteArray(reinterpret_cast<const char *>(data + 1), qsizetype(size - 1));
    const TokenAnswer answer = classifyTokenAnswer(outcome);
    const bool success = answer.meaning == TokenAnswerClass::Success;
    require(success == !answer.grant.accessToken.isEmpty());
    require(!success || outcome.status == 200);
    // Only an answer that is JSON with an error, and a status of 4xx, may ask for the person.
    if (answer.meaning == TokenAnswerClass::FinalUser)
        require(outcome.status >= 400 && outcome.status < 500 && outcome.body.contains("error"));
    if (success) {
        for (const char c : answer.grant.accessToken.reveal())
            require(c > ' ' && c < 0x7f);
        require(!answer.grant.expiresIn || answer.grant.expiresIn->count() >= 0);
    }
    require(!answer.error.detail().contains(u'\n'));
    return 0;
}
