// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

//! The Origin that others are made to look like.
QUrl referenceOrigin(const Recording &seen)
{
    const QUrl given(seen.options().origin);
    if (given.isValid() && !given.host().isEmpty())
        return given;
    QUrl own;
    own.setScheme(u"https"_s);
    own.setHost(seen.options().endpoint.host());
    return own;
}

QByteArray evilOrigin(const Recording &)
{
    return "https://watchword-doctor.example";
}

QByteArray nullOrigin(const Recording &)
{
    return "null";
}

QByteArray longerOrigin(const Recording &seen)
{
    return referenceOrigin(seen).toEncoded() + ".watchword-doctor.example";
}

QByteArray otherPrefix(const Recording &seen)
{
    const QUrl own = referenceOrigin(seen);
    return own.scheme().toLatin1() + "://watchword-doctor" + own.host(QUrl::FullyEncoded).toLatin1()
        + (own.port() < 0 ? QByteArray() : ':' + QByteArray::number(own.port()));
}

QByteArray otherPort(const Recording &seen)
{
    QUrl own = referenceOrigin(seen);
    own.setPort(own.port(443) == 4443 ? 4444 : 4443);
    return own.toEncoded();
}

QByteArray otherScheme(const Recording &seen)
{
    QUrl own = referenceOrigin(seen);
    own.setScheme(own.scheme() == "http"_L1 ? u"https"_s : u"http"_s);
    return own.toEncoded();
}

/*! Requests of pages that must not reach the endpoint. Without a token a server may refuse them for another reason. */
class OriginRule final : public Rule
{
public:
    using Maker = QByteArray (*)(const Recording &);
    struct Page
    {
        QString probe;
        Maker origin;
    };
    OriginRule(QString id, std::vector<Page> pages, bool needsGivenOrigin = false)
        : Rule(std::move(id), Stage::Token, Need::Trusted)
        , m_pages(std::move(pages))
        , m_needsGivenOrigin(needsGivenOrigin)
    {
    }
    bool isCumulative() const override { return true; }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        std::vector<Probe> list;
        if (isBlind(seen))
            return list;
        for (const Page &page : m_pages) {
            UpgradeShape shape = seen.entry();
            shape.origin = page.origin(seen);
            shape.linger = kRefusalTime;
            list.push_back(seen.requests().upgrade(page.probe, shape));
        }
        return list;
    }
    Judgement judge(const Recording &seen) const override
    {
        if (isBlind(seen))
            return skip(u"needs --origin, one that the server allows"_s);
        const auto evil = seen.admission(u"evil"_s);
        if (id() != "O1"_L1 && evil && evil->isAdmitted())
            return moot(u"see O1, which is the cause"_s);
        const auto longer = seen.admission(u"longer"_s);
        if (id() == "O4"_L1 && longer && longer->isAdmitted())
            return moot(u"see O3, which is the cause"_s);
        QStringList admitted;
        for (const Page &page : m_pages) {
            const Exchange *exchange = seen.find(page.probe);
            if (!exchange)
                continue;
            const Admission admission = *seen.admission(page.probe);
            if (admission.isAdmitted() && (seen.hasEntry() || !seen.waitsForMessage()))
                admitted.append(page.probe);
            else if (admission.kind == Admission::Kind::Failed)
                return broken(seen, id(), page.probe, admission);
            else if (!admission.isRefused())
                return undecided(admission.what);
            else if (!seen.hasEntry() && exchange->status != 403)
                return skip(u"without a valid token the server does not come to the Origin (%1)"_s.arg(admission.what));
        }
        if (admitted.isEmpty() && !seen.find(m_pages.back().probe))
            return skip(u"not sent"_s);
        if (admitted.isEmpty())
            return pass(u"refused: "_s + seen.admission(m_pages.front().probe)->what);
        return fail(u"a request of a page of another origin is let in: "_s
                        + seen.redactor().clean(originOf(seen, admitted.first())),
                    admitted);
    }

private:
    bool isBlind(const Recording &seen) const { return m_needsGivenOrigin && seen.options().origin.isEmpty(); }
    QByteArray originOf(const Recording &seen, const QString &probe) const
    {
        for (const Page &page : m_pages) {
            if (page.probe == probe)
                return page.origin(seen);
        }
        return {};
    }

    const std::vector<Page> m_pages;
    const bool m_needsGivenOrigin;
};

} // namespace

void addOriginRules(Rules &rules)
{
    using Pages = std::vector<OriginRule::Page>;
    rules.push_back(std::make_unique<OriginRule>(u"O1"_s, Pages{{u"evil"_s, evilOrigin}}));
    rules.push_back(std::make_unique<OriginRule>(u"O2"_s, Pages{{u"null"_s, nullOrigin}}));
    rules.push_back(std::make_unique<OriginRule>(u"O3"_s, Pages{{u"longer"_s, longerOrigin}, {u"prefix"_s, otherPrefix}}));
    rules.push_back(std::make_unique<OriginRule>(u"O4"_s, Pages{{u"port"_s, otherPort}, {u"scheme"_s, otherScheme}}, true));
}

} // namespace Watchword::Doctoring
