// SPDX-License-Identifier: Apache-2.0
#include "session/session_p.h"
#include "signin/browser.h"
#include "store/accountfile.h"
#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// So long a sign-in of somebody else waits to be accepted.
constexpr Duration kOtherUserPatience = 10min;

QString displayName(const QString &name, const QString &subject)
{
    return name.isEmpty() ? subject : name;
}

} // namespace

// Who the account belongs to is in the store, which a sign-in may come before.
void Session::Private::rememberThenBegin()
{
    facts.signingIn = true;
    finishesQuietly = false;
    updateState();
    runner.run([store = store] { return store->load(); },
               [this](const Result<TokenSet> &stored) {
                   if (!facts.signingIn || flow)
                       return; // cancelled meanwhile
                   foundNobody = stored ? stored->tombstone : stored.error().code() == ErrorCode::NotFound;
                   if (stored && !stored->tombstone && !facts.signedIn && !signingOut) {
                       remembered = *stored;
                       tokens.generation = std::max(tokens.generation, stored->generation);
                   }
                   if (stored && stored->tombstone && !stored->refreshToken.isEmpty()) {
                       // Left by a sign-out that had no key; the sign-in will overwrite it.
                       revoker.add(stored->refreshToken);
                       revoker.next();
                   }
                   beginFlow();
               });
}

const TokenSet &Session::Private::owner() const
{
    return facts.signedIn ? tokens : remembered;
}

// True if the person who signed in is not the one that the account belongs to. Nothing is lost: the account stays as it
// was, and what came waits for the person to decide.
bool Session::Private::isOtherUser(const SignInOutcome &outcome)
{
    const TokenSet &mine = owner();
    if (mine.subject.isEmpty() || outcome.claims.subject.isEmpty() || outcome.claims.subject == mine.subject)
        return false;
    refuseOtherUser();
    otherUser = outcome;
    otherSigner = flow->signer();
    otherAlarm.start(kOtherUserPatience);
    const Error error =
        Error(ErrorCode::WrongUser,
              u"\"%1\" signed in, but this account belongs to \"%2\""_s.arg(
                  displayName(outcome.claims.accountName, outcome.claims.subject), displayName(mine.accountName, mine.subject)))
            .withRemedy(u"Sign in as the owner, add another account, or accept the other user for this one."_s);
    abandonFlow();
    log(u"signin.other_user"_s);
    Q_EMIT q->otherUserChanged();
    Q_EMIT q->signInFailed(error);
    return true;
}

void Session::Private::acceptOtherUser()
{
    if (!otherUser || signingOut)
        return;
    const SignInOutcome outcome = *std::exchange(otherUser, std::nullopt);
    otherAlarm.cancel();
    log(u"signin.other_user_accepted"_s);
    revoker.add(owner().refreshToken);
    revoker.add(std::exchange(arriving, std::nullopt).value_or(Secret()));
    revoker.next();
    takesBack = true;
    remembered = {};
    Q_EMIT q->otherUserChanged();
    Q_EMIT q->tokenRevoked(); // what was connected for the one must not go on for the other
    adoptSignIn(outcome, std::exchange(otherSigner, nullptr));
}

// Tokens that nobody will use are taken back.
void Session::Private::refuseOtherUser()
{
    if (!otherUser)
        return;
    revoker.add(otherUser->tokens.refreshToken);
    revoker.next();
    otherUser.reset();
    otherSigner.reset();
    otherAlarm.cancel();
    Q_EMIT q->otherUserChanged();
}

// Keeps the list of accounts up to date.
void Session::Private::noteAccount()
{
    const auto envelope = std::dynamic_pointer_cast<EnvelopeTokenStore>(store);
    if (!envelope)
        return;
    StoredAccount account;
    if (facts.signedIn) {
        account.account = options.account;
        account.issuer = options.issuer;
        account.clientId = options.clientId;
        account.name = tokens.accountName;
        account.subject = tokens.subject;
    }
    if (account == noted)
        return;
    noted = account;
    account.signedInAt = toDateTime(clock.now());
    runner.run(
        [file = envelope->tokenFile(), account, present = facts.signedIn]() -> Result<void> {
            if (present)
                return writeAccountFile(file, account);
            removeAccountFile(file);
            return {};
        },
        [this](const Result<void> &written) {
            if (!written)
                log(u"account.not_listed"_s, written.error().toString());
        });
}

// RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0 section 2). The ID token is not sent: it would stand, with
// the person's name in it, in the browser's history and in the provider's log. client_id and logout_hint are enough for
// the provider to ask the right question.
void Session::Private::endProviderSession(const QString &hint)
{
    provider.metadata([this, hint](const Result<ProviderMetadata> &metadata) {
        if (!metadata)
            return log(u"signout.provider_unreachable"_s, metadata.error().toString());
        if (metadata->endSessionEndpoint.isEmpty())
            return log(u"signout.no_end_session"_s, u"the provider cannot end its own session"_s);
        Parameters parameters{{u"client_id"_s, options.clientId}};
        if (!hint.isEmpty())
            parameters.emplaceBack(u"logout_hint"_s, hint);
        const QUrl url = urlWith(metadata->endSessionEndpoint, parameters);
        const bool wasShown = options.openBrowser ? options.openBrowser(url) : openSystemBrowser(url);
        log(u"signout.browser"_s, wasShown ? redactedUrl(url) : u"could not be opened"_s);
        Q_EMIT q->browserRequested(url);
    });
}

} // namespace Watchword
