// SPDX-License-Identifier: Apache-2.0
#include "signin/grantsource.h"

namespace Watchword {

GrantSource::GrantSource(QObject *parent)
    : QObject(parent)
{
}

GrantSource::~GrantSource() = default;

bool GrantSource::handleRedirect(const QUrl &)
{
    return false;
}

} // namespace Watchword
