// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/connectpage.h"
#include "monitor/widgets/navigation.h"
#include "monitor/widgets/theme.h"

#include "watchword/auth/sessionoptions.h"
#include "watchword/core/result.h"

#include <QSize>
#include <QStringList>

#include <optional>

namespace Monitor {

/*! What the command line asks for. */
struct Options
{
    bool demo = false;
    QString demoInfo; //!< File with the line that "watchword-gateway --demo" prints.
    ServerSettings server;
    QUrl resource; //!< RFC 8707, for providers that need it.
    Watchword::SignInRoute route = Watchword::SignInRoute::Automatic;
    QString openFile; //!< "-" for standard input.
    QString mapping; //!< TOML file, see LogMapping.
    std::optional<PageId> page;
    std::optional<Theme::Choice> theme;
    QString language; //!< Empty: that of the system.
    QSize size;
    QString screenshot; //!< A PNG file, or a folder for all pages.

    bool hasSource() const { return demo || !demoInfo.isEmpty() || !server.server.isEmpty() || !openFile.isEmpty(); }
};

//! InvalidArgument, with a sentence that names the option, for anything that cannot be understood.
Watchword::Result<Options> parseOptions(const QStringList &arguments);
QString helpText();

} // namespace Monitor
