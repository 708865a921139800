// SPDX-License-Identifier: Apache-2.0
#include "learn/lesson.h"

#include <algorithm>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

struct SettingText
{
    const char *name;
    const char *safe;
    const char *flawed;
    const char *meaning;
};

constexpr SettingText kSettings[] = {
    {"plain_requests", "\"refused\"", "\"served\"", "what comes without TLS gets no answer"},
    {"token_in_url", "\"refused\"", "\"taken\"", "a token in the URL is answered with 400, and no log gets one that works"},
    {"connection_ends", "\"with its token\"", "\"when the client goes\"", "nobody stays connected whose token has ended"},
    {"algorithm", "\"ES256\"", "\"the one that the token names\"", "a token cannot say how it is checked"},
    {"origins", "[\"https://app.example.com\"]", "[\"*\"]", "pages of others are refused"},
    {"request_timeout", "\"3 s\"", "\"none\"", "a request that is never finished ends soon"},
    {"x_forwarded_user", "\"ignored\"", "\"believed\"", "a client cannot say who it is by a header"},
};

const SettingText &textOf(Setting setting)
{
    return kSettings[int(setting)];
}

} // namespace

const QList<Lesson> &Lesson::all()
{
    static const QList<Lesson> list{
        {u"wss-only"_s, Practice::Transport, u"T1"_s, Setting::PlainPort},
        {u"tokens"_s, Practice::Tokens, u"H10"_s, Setting::TokenInUrl},
        {u"short-lives"_s, Practice::Lifetime, u"E1"_s, Setting::Lifetime},
        {u"validation"_s, Practice::Validation, u"H4"_s, Setting::Algorithms},
        {u"origin"_s, Practice::Origin, u"O1"_s, Setting::Origins},
        {u"limits"_s, Practice::Limits, u"S2"_s, Setting::HeadTimeout},
        {u"private-endpoints"_s, Practice::PrivateEndpoints, u"X1"_s, Setting::IdentityHeaders},
    };
    return list;
}

const Lesson *Lesson::find(const QString &nameOrNumber)
{
    const QList<Lesson> &list = all();
    const auto found = std::find_if(list.begin(), list.end(), [&nameOrNumber](const Lesson &lesson) {
        return lesson.name == nameOrNumber || QString::number(int(lesson.practice)) == nameOrNumber;
    });
    return found == list.end() ? nullptr : &*found;
}

QList<Setting> allSettings()
{
    QList<Setting> list;
    for (int i = 0; i < int(std::size(kSettings)); ++i)
        list.append(Setting(i));
    return list;
}

QString nameOf(Setting setting)
{
    return QString::fromLatin1(textOf(setting).name);
}

QString valueOf(Setting setting, bool isFlawed)
{
    return QString::fromLatin1(isFlawed ? textOf(setting).flawed : textOf(setting).safe);
}

QString meaningOf(Setting setting)
{
    return QString::fromLatin1(textOf(setting).meaning);
}

} // namespace Watchword::Tool
