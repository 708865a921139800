// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/sessionmachine.h"

namespace SessionTest {

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using M = SessionMachine;

//! "SignedIn", "Unread OpeningKey", "Nobody, AskingPerson".
QString nameOf(const M &machine);
QString nameOf(const M::Event &event);
QString nameOf(const M::Action &action);

//! Can \a event come in this state? The answer to what nobody asked cannot.
bool isPossible(const M &machine, const M::Event &event);

} // namespace SessionTest
