// SPDX-License-Identifier: Apache-2.0
#include "machine/linkevents.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

struct ActionText
{
    using M = LinkActions;

    QString operator()(const M::RequestToken &a) const
    {
        static constexpr const char *names[] = {"Connect", "Renew", "Rejected", "Application"};
        const QString refused = a.request.rejectedFingerprint;
        return u"RequestToken %1 %2 %3"_s.arg(a.id).arg(QLatin1StringView(names[int(a.request.reason)]),
                                                        refused.isEmpty() ? u"-"_s : refused);
    }
    QString operator()(const M::StartTransport &a) const
    {
        return u"StartTransport %1%2"_s.arg(a.id).arg(a.offersWatchword ? QString() : u" plain"_s);
    }
    QString operator()(const M::TreatAsPlain &a) const { return u"TreatAsPlain %1"_s.arg(a.id); }
    QString operator()(const M::CloseTransport &a) const { return u"CloseTransport %1 %2"_s.arg(a.id).arg(a.code); }
    QString operator()(const M::DropTransport &a) const { return u"DropTransport %1 %2"_s.arg(a.id).arg(a.code); }
    QString operator()(const M::SendPing &a) const { return u"SendPing %1 %2"_s.arg(a.id).arg(a.nonce); }
    QString operator()(const M::SendRenewal &a) const { return u"SendRenewal %1"_s.arg(a.id); }
    QString operator()(const M::BecomeReady &a) const { return u"BecomeReady %1"_s.arg(a.id); }
    QString operator()(const M::ReportRenewed &) const { return u"ReportRenewed"_s; }
    QString operator()(const M::ReportExpiry &a) const
    {
        return a.expiresAt ? u"ReportExpiry %1"_s.arg(a.expiresAt->time_since_epoch().count()) : u"ReportExpiry -"_s;
    }
    QString operator()(const M::ReportRtt &a) const { return u"ReportRtt %1"_s.arg(a.rtt.count()); }
    QString operator()(const M::ReportError &a) const { return u"ReportError %1"_s.arg(a.error.codeName()); }
    QString operator()(const M::ReportWait &a) const
    {
        return u"ReportWait %1 %2 until %3"_s.arg(a.id).arg(a.error.codeName()).arg(a.until.time_since_epoch().count());
    }
    QString operator()(const M::ReportClosed &a) const
    {
        return u"ReportClosed %1 %2%3"_s.arg(a.id).arg(a.reason.codeName(), a.personNeeded ? u" person"_s : QString());
    }
    QString operator()(const M::SwapTransport &a) const { return u"SwapTransport %1 %2"_s.arg(a.from).arg(a.to); }
    QString operator()(const M::EndDrain &a) const { return u"EndDrain %1"_s.arg(a.id); }
    QString operator()(const M::PromoteReplacement &a) const { return u"PromoteReplacement %1 %2"_s.arg(a.lost).arg(a.id); }
    QString operator()(const M::AbandonReplacement &a) const { return u"AbandonReplacement %1 %2"_s.arg(a.id).arg(a.code); }
    QString operator()(const M::ReportReplacement &a) const
    {
        const QString until = a.until ? QString::number(a.until->time_since_epoch().count()) : u"-"_s;
        return u"ReportReplacement %1 %2 until %3"_s.arg(a.id).arg(a.error.codeName(), until);
    }
};

} // namespace

QString LinkActions::toString(const Action &action)
{
    return std::visit(ActionText{}, action);
}

} // namespace Watchword
