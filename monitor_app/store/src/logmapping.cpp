// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/logmapping.h"

#include <QFile>
#include <QRegularExpression>
#include <QStringList>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr qint64 largestMapping = 64 * 1024;
constexpr qsizetype mostPaths = 16; // of a field
constexpr qsizetype mostPatterns = 500;

const QStringList fieldNames{u"time"_s,  u"kind"_s,   u"user"_s, u"client"_s, u"session"_s, u"connection"_s,
                             u"token"_s, u"family"_s, u"ip"_s,   u"node"_s,   u"reason"_s,  u"message"_s};
const QStringList severityNames{u"unknown"_s, u"info"_s, u"notice"_s, u"warning"_s, u"error"_s, u"critical"_s};
const QStringList outcomeNames{u"unknown"_s, u"success"_s, u"failure"_s, u"denied"_s};

const char *const keycloakToml = R"toml(
name = "Keycloak"
when = ["realmId"]
[fields]
time = ["time", "timestamp"]
kind = ["type", "operationType"]
user = ["details.username", "authDetails.userId", "userId"]
client = ["clientId", "authDetails.clientId"]
session = ["sessionId", "details.code_id"]
token = ["details.token_id"]
ip = ["ipAddress", "authDetails.ipAddress"]
node = ["realmName", "realmId"]
reason = ["error", "details.reason"]
message = ["resourcePath", "details.reason", "details.redirect_uri"]
[severity]
from = ["type", "operationType"]
error = ["*BRUTE_FORCE*", "USER_DISABLED_BY_*", "DELETE_ACCOUNT_ERROR"]
warning = ["*_ERROR"]
notice = ["DELETE", "UPDATE", "CREATE", "ACTION", "UPDATE_*", "REMOVE_*", "RESET_*"]
otherwise = "info"
[outcome]
from = ["type", "operationType"]
failure = ["*_ERROR"]
otherwise = "success"
)toml";

const char *const ocsfToml = R"toml(
name = "OCSF"
when = ["class_uid", "time"]
[fields]
time = ["time", "time_dt"]
kind = ["type_name", "activity_name", "class_name"]
user = ["user.name", "actor.user.name", "user.email_addr", "actor.user.email_addr", "user.uid", "actor.user.uid"]
client = ["actor.app_name", "application.name", "metadata.product.name"]
session = ["session.uid", "actor.session.uid"]
connection = ["connection_info.uid"]
ip = ["src_endpoint.ip", "device.ip"]
node = ["dst_endpoint.hostname", "device.hostname", "metadata.product.vendor_name"]
reason = ["status_detail", "status_code"]
message = ["message", "finding_info.title", "status_detail"]
[severity]
from = "severity_id"
info = ["1"]
notice = ["2"]
warning = ["3"]
error = ["4"]
critical = ["5", "6"]
otherwise = "unknown"
[outcome]
from = "status_id"
success = ["1"]
failure = ["2"]
otherwise = "unknown"
)toml";

/*! One table that is read; the first thing that is wrong is kept. */
class MappingReader
{
public:
    explicit MappingReader(QString file)
        : m_file(std::move(file))
    {
    }

    QString error() const { return m_error; }
    void fail(const toml::source_region &where, const QString &why)
    {
        if (m_error.isEmpty())
            m_error = u"%1:%2:%3: %4"_s.arg(m_file).arg(where.begin.line).arg(where.begin.column).arg(why);
    }
    QStringList texts(const toml::node &node, qsizetype most)
    {
        QStringList result;
        const auto add = [&](const toml::node &each) {
            const auto value = each.value_exact<std::string>();
            if (!value || value->empty() || value->size() > 200)
                fail(each.source(), u"a text of 1 to 200 bytes is expected"_s);
            else if (result.size() >= most)
                fail(each.source(), u"there are more than %1"_s.arg(most));
            else
                result.append(QString::fromStdString(*value));
        };
        if (const toml::array *list = node.as_array()) {
            for (const toml::node &each : *list)
                add(each);
        } else {
            add(node);
        }
        return result;
    }
    QList<QByteArray> pointers(const toml::node &node)
    {
        QList<QByteArray> result;
        for (const QString &path : texts(node, mostPaths))
            result.append(LogMapping::pointerOf(path));
        return result;
    }
    void readFields(const toml::node &node, LogMapping &mapping)
    {
        const toml::table *table = node.as_table();
        if (!table)
            return fail(node.source(), u"\"fields\" is a table"_s);
        for (const auto &[key, value] : *table) {
            const QString name = QString::fromStdString(std::string(key.str()));
            const qsizetype field = fieldNames.indexOf(name);
            if (field < 0)
                fail(key.source(), u"there is no field \"%1\"; the fields are %2"_s.arg(name, fieldNames.join(u", "_s)));
            else
                mapping.fields.at(size_t(field)) = pointers(value);
        }
    }
    void readWords(const toml::node &node, const QStringList &names, LogMapping::Words &words)
    {
        const toml::table *table = node.as_table();
        if (!table)
            return fail(node.source(), u"this is a table"_s);
        for (const auto &[key, value] : *table) {
            const QString name = QString::fromStdString(std::string(key.str()));
            if (name == "from"_L1) {
                words.from = pointers(value);
            } else if (name == "otherwise"_L1) {
                words.otherwise = int(std::max<qsizetype>(0, names.indexOf(texts(value, 1).value(0))));
                if (!names.contains(texts(value, 1).value(0)))
                    fail(value.source(), u"this is one of %1"_s.arg(names.join(u", "_s)));
            } else if (const qsizetype index = names.indexOf(name); index >= 0) {
                for (const QString &pattern : texts(value, mostPatterns))
                    words.words.append({pattern.toUtf8(), int(index)});
            } else {
                fail(key.source(), u"there is no \"%1\" here; from, otherwise, %2"_s.arg(name, names.join(u", "_s)));
            }
        }
        // What is worse is looked at first, in whatever order the table has them.
        std::stable_sort(words.words.begin(), words.words.end(),
                         [](const LogMapping::Word &a, const LogMapping::Word &b) { return a.value > b.value; });
        if (words.from.isEmpty())
            fail(node.source(), u"\"from\" is missing: the member that tells it"_s);
    }

private:
    const QString m_file;
    QString m_error;
};

} // namespace

namespace {

//! Line of the first header that is not a plain [name], which toml++ 3.3 does not stand; 0 if there is none.
qsizetype lineOfStrangeHeader(const QString &text)
{
    static const QRegularExpression strange(u"^[ \\t]*\\[(?![ \\t]*[A-Za-z0-9_-]+[ \\t]*\\][ \\t]*(#[^\\n]*)?\\r?$)"_s,
                                            QRegularExpression::MultilineOption);
    const QRegularExpressionMatch match = strange.match(text);
    return match.hasMatch() ? QStringView(text).first(match.capturedStart()).count(u'\n') + 1 : 0;
}

} // namespace

bool matchesPattern(QByteArrayView text, QByteArrayView pattern)
{
    // Greedy, with one place to go back to: linear for one star, and never worse than the product of the lengths.
    qsizetype at = 0;
    qsizetype p = 0;
    qsizetype star = -1;
    qsizetype from = 0;
    while (at < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            from = at;
        } else if (p < pattern.size() && pattern[p] == text[at]) {
            ++p;
            ++at;
        } else if (star >= 0) {
            p = star + 1;
            at = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

int LogMapping::Words::of(QByteArrayView value) const
{
    for (const Word &word : words) {
        if (matchesPattern(value, word.pattern))
            return word.value;
    }
    return otherwise;
}

QByteArray LogMapping::pointerOf(const QString &path)
{
    QByteArray pointer;
    for (const QString &part : path.split(u'.'))
        pointer += '/' + part.toUtf8().replace('~', "~0").replace('/', "~1");
    return pointer;
}

LogMapping::Parsed LogMapping::fromToml(const QString &text, const QString &fileName)
{
    MappingReader reader(fileName);
    if (const qsizetype line = lineOfStrangeHeader(text); line > 0)
        return {{}, u"%1:%2:1: the tables are [fields], [severity] and [outcome]"_s.arg(fileName).arg(line)};
    const std::string bytes = text.toStdString();
    const toml::parse_result parsed = toml::parse(bytes);
    if (!parsed) {
        const std::string_view what = parsed.error().description();
        reader.fail(parsed.error().source(), QString::fromUtf8(what.data(), qsizetype(what.size())));
        return {{}, reader.error()};
    }
    LogMapping mapping;
    for (const auto &[key, value] : parsed.table()) {
        const std::string_view name = key.str();
        if (name == "name")
            mapping.name = reader.texts(value, 1).value(0);
        else if (name == "when")
            mapping.when = reader.pointers(value);
        else if (name == "fields")
            reader.readFields(value, mapping);
        else if (name == "severity")
            reader.readWords(value, severityNames, mapping.severity);
        else if (name == "outcome")
            reader.readWords(value, outcomeNames, mapping.outcome);
        else
            reader.fail(
                key.source(),
                u"there is no \"%1\"; name, when, fields, severity, outcome"_s.arg(QString::fromStdString(std::string(name))));
    }
    if (mapping.name.isEmpty())
        mapping.name = fileName;
    if (mapping.fields[Time].isEmpty() && mapping.fields[Message].isEmpty() && mapping.fields[Kind].isEmpty())
        reader.fail(parsed.table().source(), u"[fields] names neither time nor kind nor message"_s);
    if (!reader.error().isEmpty())
        return {{}, reader.error()};
    return {mapping, {}};
}

LogMapping::Parsed LogMapping::fromFile(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return {{}, u"%1: %2"_s.arg(path, file.errorString())};
    const QByteArray bytes = file.read(largestMapping + 1);
    if (bytes.size() > largestMapping)
        return {{}, u"%1: larger than 64 KiB; this is no mapping table"_s.arg(path)};
    return fromToml(QString::fromUtf8(bytes), path);
}

const QList<LogMapping> &LogMapping::own()
{
    static const QList<LogMapping> mappings = [] {
        QList<LogMapping> list;
        for (const auto &[text, name] : {std::pair(keycloakToml, "keycloak.toml"), std::pair(ocsfToml, "ocsf.toml")}) {
            const Parsed parsed = fromToml(QString::fromUtf8(text), QLatin1String(name));
            Q_ASSERT_X(parsed.mapping, "LogMapping::own", qPrintable(parsed.error));
            if (parsed.mapping)
                list.append(*parsed.mapping);
        }
        return list;
    }();
    return mappings;
}

} // namespace Monitor
