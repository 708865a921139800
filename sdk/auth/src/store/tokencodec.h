// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/tokenstore.h"

namespace Watchword {

//! TokenSet as the plaintext of an envelope. Unknown members are ignored when it is read.
Secret encodeTokens(const TokenSet &tokens);
Result<TokenSet> decodeTokens(const Secret &plain);

QByteArray encodeJournal(const RefreshJournal &journal);
Result<RefreshJournal> decodeJournal(QByteArrayView bytes);

} // namespace Watchword
