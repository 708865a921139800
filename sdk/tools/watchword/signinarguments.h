// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "accounts.h"
#include "watchword/core/tokenprovider.h"

#include <QCommandLineParser>

namespace Watchword::Tool {

/*!
    What the command line says about a sign-in: the account, which is remembered, and what holds for this one sign-in.
    Every option of SessionOptions for a sign-in has one here, but PrivateUseScheme: only an application that the system
    knows by its scheme gets that redirect.
*/
struct SignInArguments
{
    Account account;
    QString loginHint;
    QList<quint16> redirectPorts;
    QString redirectPath;
    QList<std::pair<QString, QString>> extraParameters;
    PushedAuthorization pushedAuthorization = PushedAuthorization::WhenRequired;
    SignInRoute route = SignInRoute::Automatic;
    bool opensBrowser = true; //!< Else the link is printed.
    std::chrono::seconds timeout{};
    //! What the sign-in has to be like (RFC 9470): acrValues and maxAge; neither: as the provider likes.
    TokenRequest strength;

    static void addOptions(QCommandLineParser &parser);
    static Result<SignInArguments> read(const QCommandLineParser &parser); //!< ConfigInvalid.

    bool asksForStrength() const { return !strength.acrValues.isEmpty() || strength.maxAge.has_value(); }
    void applyTo(SessionOptions &options) const; //!< All but the account and opensBrowser.
};

} // namespace Watchword::Tool
