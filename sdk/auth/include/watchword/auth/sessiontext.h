// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/session.h"

#include <QCoreApplication>

namespace Watchword {

/*!
    What a session's state and its reason mean in plain words, for the people who use the application. Translated by the
    application's QTranslator; German comes with the SDK (watchword_sdk_de.qm), English is the source.

    Error::detail() and Error::remedy() are for developers and logs; these texts hold no detail, no address and no name of
    a standard.

    Threads: any. Texts are one sentence, without a line end.
*/
class WATCHWORD_AUTH_EXPORT SessionText
{
    Q_DECLARE_TR_FUNCTIONS(Watchword::SessionText)

public:
    static QString ofState(Session::State state); //!< "You are signed in."
    static QString ofReason(ErrorCode code); //!< "The keychain is locked."
    //! What the person can do now; empty if there is nothing to do. The reason counts more than the state.
    static QString suggestion(Session::State state, const Error &reason);
};

} // namespace Watchword
