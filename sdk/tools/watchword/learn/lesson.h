// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/check.h"

#include <QList>
#include <QString>

namespace Watchword::Tool {

/*! What the server of the lessons can be told. Each setting has a safe value and one that is a flaw. */
enum class Setting { PlainPort, TokenInUrl, Lifetime, Algorithms, Origins, HeadTimeout, IdentityHeaders };

/*! One exercise: the server has one flaw, which a check of the doctor finds. */
struct Lesson
{
    QString name; //!< As in "validation"; it is the name of the guide's page, too.
    Practice practice = Practice::Transport;
    QString checkId; //!< The check that fails.
    Setting flaw = Setting::PlainPort;

    QString page() const { return Check::find(checkId)->guidePage(); }

    static const QList<Lesson> &all();
    static const Lesson *find(const QString &nameOrNumber); //!< Null if there is none.
};

QList<Setting> allSettings();
QString nameOf(Setting setting); //!< As it would stand in a configuration file.
QString valueOf(Setting setting, bool isFlawed);
QString meaningOf(Setting setting); //!< What the safe value is for, in one sentence.

} // namespace Watchword::Tool
