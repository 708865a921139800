// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/dpopsigner.h"
#include "provider/provider.h"
#include "session/correctedclock.h"
#include "signin/authorizationrequest.h"
#include "watchword/auth/devicesignin.h"

namespace Watchword {

/*! What every way of signing in works with. All of it outlives the sign-in. */
struct SignInContext
{
    const SessionOptions &options;
    SignInWish wish;
    Provider &provider;
    const CorrectedClock &clock;
    std::shared_ptr<DpopSigner> signer; //!< Null: tokens are not bound to a key.
};

/*!
    One way to a token grant: by a redirect or by a device code. granted() or failed() is emitted once, never inside
    start(); deleting the object ends the attempt without either.
*/
class GrantSource : public QObject
{
    Q_OBJECT

public:
    explicit GrantSource(QObject *parent = nullptr);
    ~GrantSource() override;

    virtual void start(const ProviderMetadata &metadata) = 0;
    virtual void showAgain() { } //!< The person asked for the browser once more.
    virtual bool handleRedirect(const QUrl &url); //!< True if \a url belonged to this sign-in.
    virtual QString nonce() const { return {}; } //!< That the ID token must have; empty: none.
    virtual bool hasOwnDeadline() const { return false; } //!< The provider says how long the person has.

Q_SIGNALS:
    void browserWanted(const QUrl &url);
    void linkChanged(const QUrl &url); //!< The link to copy is another one now; no browser is wanted for it.
    void codeReceived(const Watchword::DeviceSignIn &code);
    void noted(const QString &what, const QString &detail); //!< For the timeline.
    void granted(const Watchword::TokenGrant &grant, Watchword::Instant sentAt);
    void grantUnusable(const Watchword::TokenGrant &grant); //!< Of an answer that cannot be used; failed() follows.
    void failed(const Watchword::Error &error);
};

} // namespace Watchword
