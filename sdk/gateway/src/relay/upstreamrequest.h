// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/admission.h"
#include "relay/httprelay.h"

namespace Watchword::Gateway {

/*! A request of an admitted client, as its upstream gets it. Pure functions. */
namespace UpstreamRequest {

//! Path and query for \a upstream: behind a prefix what stands behind it in the request is appended.
WATCHWORD_TEST_EXPORT QByteArray targetOf(const EndpointConfig &config, const QUrl &upstream, const QByteArray &path,
                                          const QByteArray &query);
UpstreamTarget serverOf(const QUrl &upstream);
//! X-Watchword-*, X-Forwarded-*, User-Agent, and what the endpoint passes on of \a head.
std::vector<std::pair<std::string, std::string>> fieldsOf(const EndpointConfig &config, const RequestHead &head,
                                                          const Admission &admission, const QString &connectionId);
//! Of a request that is no upgrade, what is behind its head and its token; the targets are still missing.
WATCHWORD_TEST_EXPORT HttpOrder httpOrderOf(const EndpointConfig &config, const RequestHead &head, const Admission &admission,
                                            const QString &connectionId);
//! Of the field Cookie, those that are in \a names.
WATCHWORD_TEST_EXPORT QByteArray cookiesOf(const RequestHead &head, const QStringList &names);
//! Printable ASCII; all else is percent-encoded, and so cannot start a header. Blanks at the ends are, too.
WATCHWORD_TEST_EXPORT std::string headerValue(const QString &text);

} // namespace UpstreamRequest

} // namespace Watchword::Gateway
