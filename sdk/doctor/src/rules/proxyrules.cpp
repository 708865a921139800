// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

using Fields = QList<std::pair<QByteArray, QByteArray>>;

const Fields kIdentity{{"X-User", "admin"},
                       {"X-Forwarded-User", "admin"},
                       {"X-Remote-User", "admin"},
                       {"X-Auth-Request-User", "admin"},
                       {"X-Auth-Request-Email", "admin@example.com"},
                       {"X-Watchword-Subject", "admin"}};
const Fields kAddress{{"X-Forwarded-For", "127.0.0.1"}, {"X-Real-IP", "127.0.0.1"}, {"Forwarded", "for=127.0.0.1"}};

/*! Headers that only a proxy may set. All at once come first (kProxyScout); only if that is let in, each kind is asked for. */
class ProxyHeaderRule final : public RefusedRule
{
public:
    ProxyHeaderRule(const QString &id, const QString &probe, const Fields &fields, const QString &failure)
        : RefusedRule(id, Stage::Token, Need::Trusted | Need::AtUpgrade, failure,
                      {{probe,
                        [fields](const Recording &) {
                            UpgradeShape shape;
                            shape.fields = fields;
                            return shape;
                        }}},
                      {{u"bare"_s, u"H1"_s}})
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        return isScoutRefused(seen) ? std::vector<Probe>{} : RefusedRule::probes(seen);
    }
    Judgement judge(const Recording &seen) const override
    {
        return isScoutRefused(seen) ? pass(u"refused: "_s + seen.admission(kProxyScout)->what) : RefusedRule::judge(seen);
    }

private:
    static bool isScoutRefused(const Recording &seen)
    {
        const auto scout = seen.admission(kProxyScout);
        return scout && scout->isRefused();
    }
};

} // namespace

UpgradeShape proxyScout()
{
    UpgradeShape shape;
    shape.fields = kIdentity + kAddress;
    shape.linger = kRefusalTime;
    return shape;
}

void addProxyRules(Rules &rules)
{
    rules.push_back(std::make_unique<ProxyHeaderRule>(u"X1"_s, u"identity"_s, kIdentity,
                                                      u"headers that only a proxy may set make a client somebody"_s));
    rules.push_back(std::make_unique<ProxyHeaderRule>(u"X3"_s, u"forwarded"_s, kAddress,
                                                      u"who says by X-Forwarded-For to be a machine of the house is let in"_s));
}

} // namespace Watchword::Doctoring
