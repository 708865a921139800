// SPDX-License-Identifier: Apache-2.0
#include "sessiontable.h"

#include <array>

namespace SessionTest {

namespace {

using U = UnreadAccount;

constexpr std::array kStates{"Unread", "Nobody", "Restoring", "SignedIn", "NeedsPerson", "StoringSignIn", "StoringSignOut"};
constexpr std::array kUnread{"Unstarted", "OpeningKey",   "AwaitingKeychain", "NeverSignedIn",
                             "MakingKey", "ReadingStore", "SignedOutUnread",  "ReadingSignedOut"};
constexpr std::array kSignIns{"", ", AwaitingAccount", ", AskingPerson", ", OtherUserWaits"};
constexpr std::array kEvents{"Start",         "SignIn",           "CancelSignIn",  "SignOut",        "AcceptOtherUser",
                             "RetryKeychain", "KeyOpened",        "KeyFailed",     "KeychainSilent", "KeyRetryDue",
                             "StoreRead",     "StoreRetryDue",    "TombstoneLeft", "SignInEnded",    "OtherUserPatienceEnded",
                             "Published",     "TransactionEnded", "NewsRead",      "RefreshPaused",  "TokenRejected",
                             "TokenEnded",    "IdTokenVerified"};
constexpr std::array kTasks{"WatchSurroundings", "ReadStore",   "CheckStore",      "LeaveTombstone",
                            "StopRetries",       "BeginSignIn", "ShowSignInAgain", "EndSignIn",
                            "ConfirmStepUp",     "PlanRefresh", "ForgetTokens",    "SendRevocations"};
constexpr std::array kNotices{"SignedIn",     "SignedOut",      "SignInNeeded",     "SignInFailed",     "TokenChanged",
                              "TokenRevoked", "AccountChanged", "OtherUserChanged", "ExpiresAtChanged", "StorageDegraded"};
constexpr std::array kCreations{"never", "if never made", "always"};
static_assert(kStates.size() == std::variant_size_v<M::State>);
static_assert(kUnread.size() == std::variant_size_v<U::State>);
static_assert(kSignIns.size() == std::variant_size_v<SignInMachine::State>);
static_assert(kEvents.size() == std::variant_size_v<M::Event>);

QString text(const char *name)
{
    return QString::fromLatin1(name);
}

QString text(const Secret &secret)
{
    return QString::fromLatin1(secret.reveal());
}

QString seconds(Duration duration)
{
    return u"%1 s"_s.arg(double(duration.count()) / 1000);
}

QString code(const Error &error)
{
    return error == Error() ? QString() : u' ' + error.codeName();
}

struct ActionName
{
    QString operator()(const M::Do &a) const { return text(kTasks[size_t(a.task)]); }
    QString operator()(const M::Tell &a) const { return u"tell "_s + text(kNotices[size_t(a.notice)]) + code(a.reason); }
    QString operator()(const M::OpenKey &a) const { return u"OpenKey "_s + text(kCreations[size_t(a.creation)]); }
    QString operator()(const M::RetryKey &a) const { return u"RetryKey in "_s + seconds(a.in); }
    QString operator()(const M::RetryStore &a) const { return u"RetryStore in "_s + seconds(a.in); }
    QString operator()(const M::ShowNextAttempt &a) const
    {
        return a.in ? u"ShowNextAttempt in "_s + seconds(*a.in) : u"ShowNextAttempt none"_s;
    }
    QString operator()(const M::Refresh &a) const { return u"Refresh for "_s + a.why; }
    QString operator()(const M::Store &a) const
    {
        return u"Store %1 above %2, %3"_s.arg(a.tokens.tombstone ? u"a tombstone"_s : text(a.tokens.refreshToken))
            .arg(a.knownGeneration)
            .arg(a.overtaken == M::Overtaken::Kept ? u"keep what comes"_s : u"revoke what comes"_s);
    }
    QString operator()(const M::Revoke &a) const
    {
        return a.refreshToken.isEmpty() ? u"Revoke nothing"_s : u"Revoke "_s + text(a.refreshToken);
    }
    QString operator()(const M::SettleRequests &a) const
    {
        const bool justReceived = a.token == M::SettleRequests::Token::JustReceived;
        return u"SettleRequests"_s + (justReceived ? u" as just received"_s : QString())
            + (a.failure ? code(*a.failure) : QString());
    }
    QString operator()(const M::FailRequests &a) const { return u"FailRequests"_s + code(a.error); }
    QString operator()(const M::EndProviderSession &a) const { return u"EndProviderSession of "_s + a.accountName; }
    QString operator()(const M::Log &a) const { return u"log "_s + a.what; }
};

} // namespace

QString nameOf(const M &machine)
{
    QString name = text(kStates[machine.state().index()]);
    if (const auto *unread = std::get_if<M::Unread>(&machine.state()))
        name += u' ' + text(kUnread[unread->account.state().index()]);
    return name + text(kSignIns[machine.signIn().state().index()]);
}

QString nameOf(const M::Event &event)
{
    return text(kEvents[event.index()]);
}

QString nameOf(const M::Action &action)
{
    return std::visit(ActionName{}, action);
}

bool isPossible(const M &machine, const M::Event &event)
{
    const auto is = [&event](auto one) { return std::holds_alternative<decltype(one)>(event); };
    const auto *unread = std::get_if<M::Unread>(&machine.state());
    const auto *signedOut = unread ? std::get_if<U::SignedOutUnread>(&unread->account.state()) : nullptr;
    const bool hasKey = !unread || unread->account.is<U::ReadingStore>() || unread->account.is<U::ReadingSignedOut>()
        || (signedOut && signedOut->key == U::SignedOutUnread::Key::There);
    const bool isOpening = unread
        && (unread->account.is<U::OpeningKey>() || unread->account.is<U::MakingKey>()
            || (signedOut && signedOut->key == U::SignedOutUnread::Key::Opening));
    if (is(M::KeyOpened{}) || is(M::KeyFailed{}) || is(M::KeychainSilent{}))
        return isOpening || (unread && unread->account.is<U::NeverSignedIn>()); // for a sign-in that was cancelled
    if (is(M::KeyRetryDue{})) // opening the key stops it
        return unread && !isOpening && !unread->account.is<U::Unstarted>();
    if (is(M::StoreRead{}) || is(M::NewsRead{}))
        return hasKey;
    if (is(M::StoreRetryDue{}) || is(M::TombstoneLeft{})) // also late, when nobody waits for it any more
        return !unread || !unread->account.is<U::Unstarted>();
    if (is(M::SignInEnded{Error()}))
        return machine.signIn().is<SignInMachine::AskingPerson>();
    if (is(M::Published{}) || is(M::TransactionEnded{}))
        return !unread;
    if (is(M::RefreshPaused{}))
        return hasKey;
    return true;
}

} // namespace SessionTest
