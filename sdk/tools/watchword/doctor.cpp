// SPDX-License-Identifier: Apache-2.0
#include "auditfollower.h"
#include "command.h"
#include "doctorlines.h"
#include "guide.h"
#include "terminal.h"

#include "../gateway/unixsignals.h"
#include "watchword/core/internal/futures.h"
#include "watchword/doctor/doctor.h"
#include "watchword/doctor/reportwriter.h"

#include <QCoreApplication>
#include <QFile>
#include <QSaveFile>

#include <algorithm>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

// A tool in somebody's pipeline has to tell findings from trouble of its own.
enum DoctorExit { Clean = 0, Found = 1, CouldNotRun = 2, NotDecided = 3 };

constexpr int kIntrusiveRequests = 160;
constexpr int kMoreRequests = 10; // for each thing more that is to be examined
constexpr std::chrono::seconds kIntrusiveTime{45};
constexpr std::chrono::seconds kLongestValidity{50};

/*! How the report is written, and where to. */
struct Output
{
    ReportFormat format = ReportFormat::Text;
    ReportStyle style;
    QString file; // empty: standard output
    bool isQuiet = false;
    bool failsOnNewOnly = false;
    Severity failsFrom = Severity::Info;

    bool isTextOnTerminal() const { return format == ReportFormat::Text && file.isEmpty(); }
};

void addOptions(QCommandLineParser &parser)
{
    Credentials::addOptions(parser);
    parser.addOption({u"origin"_s, u"An Origin that the endpoint allows, as in https://app.example.com."_s, u"origin"_s});
    parser.addOption({u"subprotocol"_s, u"Offers this subprotocol; may be given several times."_s, u"name"_s});
    parser.addOption(
        {u"token-in"_s,
         u"How the endpoint takes its token: header (the default), subprotocol, first-message, graphql or centrifugo."_s,
         u"way"_s, u"header"_s});
    parser.addOption({u"first-message"_s, u"The JSON text that carries the token; {token} is replaced."_s, u"json"_s});
    parser.addOption(
        {u"subprotocol-prefix"_s, u"What stands before the token in base64url, with --token-in subprotocol."_s, u"text"_s});
    parser.addOption({u"signing-key"_s,
                      u"The private key (PEM) of a test issuer: expired tokens and others of their kind are made with it."_s,
                      u"file"_s});
    parser.addOption({u"signing-algorithm"_s, u"Of that key."_s, u"name"_s, u"ES256"_s});
    parser.addOption({u"issuer"_s, u"Who issued the token: its discovery document and keys are examined, too."_s, u"url"_s});
    parser.addOption({u"client-id"_s, u"A public client of the issuer, for --refresh-token-file."_s, u"id"_s});
    parser.addOption({u"refresh-token-file"_s,
                      u"The refresh token of a session that may end: it is used twice and revoked, and whether the connection "
                      "ends with the session is examined."_s,
                      u"file"_s});
    parser.addOption({u"deep"_s, u"For a gateway of Watchword: whether its audit has every refusal, and verifies."_s});
    parser.addOption({u"audit-token-file"_s, u"The token with gw:audit for --deep; else the one of --token-file."_s, u"file"_s});
    parser.addOption({u"audit-path"_s, u"The gateway's audit path."_s, u"path"_s, u"/audit"_s});
    parser.addOption({u"step-up"_s, u"The endpoint asks for a strong or fresh sign-in: whether it does is examined."_s});
    parser.addOption({u"compression"_s, u"Compression is wanted at this endpoint."_s});
    parser.addOption({u"intrusive"_s,
                      u"Also bursts, many connections and a large frame. The endpoint has to be yours: on this machine, "
                      "with a token that has the scope gw:doctor, or with a line that its host serves."_s});
    parser.addOption(
        {u"requests"_s,
         u"The most connections that are made; 40, with --intrusive 160, and 10 more each with --issuer, --signing-key and --deep."_s,
         u"number"_s});
    parser.addOption({u"time"_s, u"The most time it may take; 20s, with --intrusive 45s."_s, u"duration"_s});
    parser.addOption({u"format"_s, u"text (the default), json, sarif, junit, markdown or html."_s, u"name"_s, u"text"_s});
    parser.addOption({u"output"_s, u"Writes the report to this file."_s, u"file"_s});
    parser.addOption(
        {u"baseline"_s,
         u"A report (json) of before: the report says what is new, known and fixed since, and only what is new counts."_s,
         u"file"_s});
    parser.addOption({u"any-baseline"_s, u"Takes a --baseline of another endpoint, too."_s});
    parser.addOption(
        {u"fail-on"_s,
         u"Which findings end with 1: those of a level and above (info, low, medium, high, critical), new ones (new), or new "
         "ones of a level (new,high). Without it all of them, and with --baseline the new ones."_s,
         u"which"_s});
    parser.addOption({u"quiet"_s, u"Without a line for each check."_s});
    parser.addOption(
        {u"guide"_s, u"Where the guide is served; reports link to it, as in https://docs.example.com/watchword/."_s, u"url"_s});
    parser.addOption(
        {u"explain"_s, u"Prints what a check is for, and the page of the guide about it; without an endpoint."_s, u"id"_s});
    parser.addOption({u"width"_s, u"Columns of the text report."_s, u"number"_s});
    parser.addOption({u"colour"_s, u"auto, always or never."_s, u"when"_s, u"auto"_s});
}

std::optional<DoctorOptions::TokenWay> wayOf(const QString &name)
{
    using Way = DoctorOptions::TokenWay;
    static const QList<std::pair<QString, Way>> ways{{u"header"_s, Way::Header},
                                                     {u"subprotocol"_s, Way::Subprotocol},
                                                     {u"first-message"_s, Way::FirstMessage},
                                                     {u"graphql"_s, Way::GraphqlTransportWs},
                                                     {u"centrifugo"_s, Way::Centrifugo}};
    for (const auto &[known, way] : ways) {
        if (known == name)
            return way;
    }
    return {};
}

Result<QByteArray> contentOf(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(path, file.errorString()));
    return file.readAll();
}

Error invalid(const QString &what)
{
    return Error(ErrorCode::ConfigInvalid, what);
}

// What people write instead, and what they mean.
Result<QUrl> endpointOf(const QString &text)
{
    const QUrl url(text, QUrl::StrictMode);
    if (!url.userInfo().isEmpty()) // it may be a secret: it is not repeated
        return invalid(u"the address has a user name or a password in it; give a token by --token-file instead"_s);
    if (url.scheme() == "wss"_L1 && !url.host().isEmpty())
        return url;
    QString what = u"the endpoint is named as wss://host/path"_s;
    if (url.scheme() == "ws"_L1)
        what += u"; ws:// is without TLS, and whether it is served is examined there, too (T1)"_s;
    else if (url.scheme() == "https"_L1)
        what += u"; https:// becomes wss://"_s;
    else if (!text.contains("://"_L1))
        what += u", with wss:// before it"_s;
    return invalid(what);
}

Result<void> readBudgets(const QCommandLineParser &parser, DoctorOptions &options)
{
    options.intrusive = parser.isSet(u"intrusive"_s);
    if (options.intrusive) {
        options.requestBudget = kIntrusiveRequests;
        options.timeBudget = kIntrusiveTime;
    }
    for (const QString &more : {u"issuer"_s, u"signing-key"_s, u"deep"_s})
        options.requestBudget += parser.isSet(more) ? kMoreRequests : 0;
    if (parser.isSet(u"requests"_s)) {
        bool isNumber = false;
        options.requestBudget = parser.value(u"requests"_s).toInt(&isNumber);
        if (!isNumber || options.requestBudget < 1 || options.requestBudget > 1000)
            return invalid(u"--requests is a number from 1 to 1000"_s);
    }
    if (parser.isSet(u"time"_s)) {
        const auto time = durationOf(parser.value(u"time"_s));
        if (!time || *time < std::chrono::seconds(1))
            return invalid(u"--time is a number with ms, s, min or h, and 1s at least"_s);
        options.timeBudget = *time;
    }
    return {};
}

Result<void> readIssuer(const QCommandLineParser &parser, DoctorOptions &options)
{
    if (parser.isSet(u"issuer"_s))
        options.issuer = QUrl(parser.value(u"issuer"_s), QUrl::StrictMode);
    options.clientId = parser.value(u"client-id"_s);
    if (!parser.isSet(u"refresh-token-file"_s))
        return {};
    Result<Secret> token = secretIn(parser.value(u"refresh-token-file"_s));
    if (!token)
        return token.error();
    options.refreshToken = *token;
    return {};
}

Result<DoctorOptions> optionsOf(const QCommandLineParser &parser)
{
    DoctorOptions options;
    const Result<QUrl> endpoint = endpointOf(parser.positionalArguments().constFirst());
    if (!endpoint)
        return endpoint.error();
    options.endpoint = *endpoint;
    const auto way = wayOf(parser.value(u"token-in"_s));
    if (!way)
        return invalid(u"--token-in is header, subprotocol, first-message, graphql or centrifugo"_s);
    options.tokenWay = *way;
    options.origin = parser.value(u"origin"_s);
    options.subprotocols = parser.values(u"subprotocol"_s);
    options.asksForStepUp = parser.isSet(u"step-up"_s);
    options.meansCompression = parser.isSet(u"compression"_s);
    if (parser.isSet(u"first-message"_s))
        options.firstMessage = parser.value(u"first-message"_s).toUtf8();
    if (parser.isSet(u"first-message"_s) && !options.firstMessage.contains("{token}"))
        return invalid(u"--first-message has no {token}"_s);
    if (parser.isSet(u"subprotocol-prefix"_s))
        options.subprotocolPrefix = parser.value(u"subprotocol-prefix"_s).toLatin1();
    if (parser.isSet(u"signing-key"_s)) {
        Result<QByteArray> pem = contentOf(parser.value(u"signing-key"_s));
        if (!pem)
            return pem.error();
        const Result<SigningKey> key = SigningKey::fromPem(Secret::take(std::move(*pem)), parser.value(u"signing-algorithm"_s));
        if (!key)
            return key.error();
        options.signingKey = *key;
    }
    if (const Result<void> read = readIssuer(parser, options); !read)
        return read.error();
    if (const Result<void> read = readBudgets(parser, options); !read)
        return read.error();
    return options;
}

Result<void> readFailOn(const QCommandLineParser &parser, Output &output)
{
    output.failsOnNewOnly = parser.isSet(u"baseline"_s);
    if (!parser.isSet(u"fail-on"_s))
        return {};
    output.failsOnNewOnly = false;
    bool hasLevel = false;
    const QStringList words = parser.value(u"fail-on"_s).split(u',');
    for (const QString &word : words) {
        bool isLevel = false;
        for (const Severity severity : {Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical}) {
            if (nameOf(severity) != word || hasLevel)
                continue;
            output.failsFrom = severity;
            isLevel = true;
        }
        hasLevel = hasLevel || isLevel;
        if (!isLevel && (word != "new"_L1 || output.failsOnNewOnly))
            return invalid(u"--fail-on is info, low, medium, high, critical or new, or new with a level, as in new,high"_s);
        output.failsOnNewOnly = output.failsOnNewOnly || word == "new"_L1;
    }
    if (output.failsOnNewOnly && !parser.isSet(u"baseline"_s))
        return invalid(u"--fail-on new needs a --baseline"_s);
    return {};
}

Result<void> readBaseline(const QCommandLineParser &parser, const QUrl &endpoint, Output &output)
{
    if (!parser.isSet(u"baseline"_s))
        return {};
    const Result<QByteArray> bytes = contentOf(parser.value(u"baseline"_s));
    if (!bytes)
        return bytes.error();
    const Result<Report> baseline = Report::fromJson(*bytes);
    if (!baseline)
        return baseline.error();
    Report examined;
    examined.endpoint = endpoint;
    if (!parser.isSet(u"any-baseline"_s) && !examined.isOfSameEndpoint(*baseline))
        return invalid(
            u"the baseline is of %1, and this examination of another endpoint: what is new cannot be told. Give a report of "
            "this one, or --any-baseline if it is the same service at another address"_s.arg(
                baseline->endpoint.toString(QUrl::RemoveUserInfo | QUrl::RemoveQuery)));
    output.style.baseline = *baseline;
    return {};
}

Result<Output> outputOf(const QCommandLineParser &parser, const QUrl &endpoint)
{
    Output output;
    const auto format = reportFormatOf(parser.isSet(u"json"_s) ? u"json"_s : parser.value(u"format"_s));
    if (!format)
        return invalid(u"--format is text, json, sarif, junit, markdown or html"_s);
    output.format = *format;
    output.file = parser.value(u"output"_s);
    output.isQuiet = parser.isSet(u"quiet"_s);
    const QString colour = parser.value(u"colour"_s);
    if (colour != "auto"_L1 && colour != "always"_L1 && colour != "never"_L1)
        return invalid(u"--colour is auto, always or never"_s);
    const bool isWanted = output.file.isEmpty() && isTerminal() && qEnvironmentVariableIsEmpty("NO_COLOR");
    output.style.colour = colour == "always"_L1 || (colour == "auto"_L1 && isWanted);
    if (parser.isSet(u"guide"_s)) {
        QString folder = parser.value(u"guide"_s);
        folder += folder.endsWith(u'/') ? QString() : u"/"_s;
        output.style.guide = QUrl(folder, QUrl::StrictMode);
        if (output.style.guide.scheme() != "https"_L1 && output.style.guide.scheme() != "http"_L1)
            return invalid(u"--guide is the https address of a folder"_s);
    }
    output.style.width = parser.isSet(u"width"_s) ? parser.value(u"width"_s).toInt() : terminalWidth();
    if (const Result<void> read = readFailOn(parser, output); !read)
        return read.error();
    if (const Result<void> read = readBaseline(parser, endpoint, output); !read)
        return read.error();
    return output;
}

int write(const Report &report, const Output &output)
{
    const QByteArray text = writeReport(report, output.format, output.style);
    if (output.file.isEmpty()) {
        printLine(text.chopped(1));
    } else {
        QSaveFile file(output.file);
        if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size() || !file.commit()) {
            printNote(u"watchword: %1: %2"_s.arg(output.file, file.errorString()));
            return CouldNotRun;
        }
    }
    const QList<Finding> counting = output.failsOnNewOnly ? report.newSince(*output.style.baseline) : report.findings;
    const bool isBad = std::any_of(counting.begin(), counting.end(), [&output](const Finding &finding) {
        return finding.isProblem() && finding.severity() >= output.failsFrom;
    });
    if (isBad)
        return Found;
    // What was not looked at is not clean; what would not have counted does not count here, either.
    const bool isOpen = std::any_of(report.findings.begin(), report.findings.end(), [&output](const Finding &finding) {
        const Check *check = Check::find(finding.checkId);
        return finding.gap == Finding::Gap::NotDecided && check && check->severity >= output.failsFrom;
    });
    return report.isComplete && !isOpen ? Clean : NotDecided;
}

// The whole run has to follow the audit from before its first request.
std::unique_ptr<AuditFollower> followerOf(const QCommandLineParser &parser, DoctorOptions &options, TokenProvider *tokens)
{
    WatchOptions watch;
    watch.gateway = options.endpoint.adjusted(QUrl::RemovePath | QUrl::RemoveQuery);
    watch.watchPath.clear();
    watch.auditPath = parser.value(u"audit-path"_s);
    watch.additionalCertificateAuthorities = options.additionalCertificateAuthorities;
    auto follower = std::make_unique<AuditFollower>(tokens, watch);
    options.audit = [raw = follower.get()](const QStringList &ids) { return raw->evidence(ids); };
    QObject::connect(
        follower.get(), &AuditFollower::settled, follower.get(), [] { QCoreApplication::quit(); }, Qt::QueuedConnection);
    follower->start();
    QCoreApplication::exec();
    return follower;
}

int runWith(const DoctorOptions &options, const Output &output, bool json)
{
    Doctor doctor(options);
    int signalled = 0;
    auto *signals = new Tools::UnixSignals(&doctor);
    QObject::connect(signals, &Tools::UnixSignals::terminated, &doctor, [&](int signal) {
        signalled = signal;
        doctor.stop();
    });
    std::unique_ptr<DoctorLines> lines;
    if (!output.isQuiet) {
        lines = std::make_unique<DoctorLines>(output.style, output.isTextOnTerminal());
        QObject::connect(&doctor, &Doctor::checked, lines.get(), &DoctorLines::add);
    }
    QObject::connect(
        &doctor, &Doctor::finished, &doctor, [] { QCoreApplication::quit(); }, Qt::QueuedConnection);
    doctor.start();
    QCoreApplication::exec();
    lines.reset();
    if (doctor.error()) {
        report(*doctor.error(), json);
        return CouldNotRun;
    }
    const int code = write(doctor.report(), output);
    return signalled && code != CouldNotRun ? 128 + signalled : code;
}

// Of --token-file or --account; empty without both.
Result<Secret> tokenOf(const QCommandLineParser &parser, DoctorOptions &options, Credentials &credentials)
{
    if (!parser.isSet(u"token-file"_s) && !parser.isSet(u"account"_s)) {
        const Result<QList<QSslCertificate>> authorities = certificatesIn(parser.value(u"ca"_s));
        if (!authorities)
            return authorities.error();
        options.additionalCertificateAuthorities = *authorities;
        return Secret();
    }
    if (const Result<void> read = credentials.read(parser); !read)
        return read.error();
    options.additionalCertificateAuthorities = credentials.authorities();
    Result<AccessToken> token;
    QObject context;
    // It has to last until the last request, and no longer than issuers give it.
    TokenRequest request;
    request.minimumValidity = std::min<Duration>(options.timeBudget, kLongestValidity);
    whenDone(credentials.tokens()->requestToken(request), &context, [&token](const Result<AccessToken> &got) {
        token = got;
        QCoreApplication::quit();
    });
    QCoreApplication::exec();
    if (!token)
        return token.error();
    if (token->proof)
        return invalid(u"the token is bound to a key (DPoP); the doctor needs a bearer token"_s);
    return token->value;
}

int explain(const QCommandLineParser &parser, bool json)
{
    const bool colour = parser.value(u"colour"_s) == "always"_L1
        || (parser.value(u"colour"_s) == "auto"_L1 && isTerminal() && qEnvironmentVariableIsEmpty("NO_COLOR"));
    const int width = parser.isSet(u"width"_s) ? parser.value(u"width"_s).toInt() : terminalWidth();
    const Result<QString> text = explained(parser.value(u"explain"_s), width, colour);
    if (!text)
        return misuse(text.error(), json);
    printLine(text->trimmed().toUtf8());
    return Clean;
}

} // namespace

int runDoctor(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        u"Examines a WSS endpoint: TLS, what happens without a token, with a bad one, from a foreign page. It follows no "
        "redirect, and sends nothing to another host. The token is never shown.\n\nExit codes: 0 nothing found, 1 findings that "
        "count (--fail-on), 2 could not run, 3 nothing that counts was found, but it ended early (--time and --requests say how "
        "much it may do) or a check "
        "was asked and could not be decided, 128 and the number of the signal that ended it."_s);
    addOptions(parser);
    parser.addPositionalArgument(u"endpoint"_s, u"wss://host/path"_s);
    const bool isQuestion = std::any_of(arguments.begin(), arguments.end(), [](const QString &argument) {
        return argument == "--explain"_L1 || argument.startsWith("--explain="_L1);
    });
    if (const std::optional<int> end = parse(parser, u"doctor"_s, arguments, isQuestion ? 0 : 1))
        return *end;
    const bool json = parser.isSet(u"json"_s);
    if (isQuestion)
        return explain(parser, json);
    const Result<DoctorOptions> given = optionsOf(parser);
    if (!given)
        return misuse(given.error(), json);
    DoctorOptions options = *given;
    const Result<Output> output = outputOf(parser, options.endpoint);
    if (!output)
        return misuse(output.error(), json);
    Credentials credentials;
    const Result<Secret> token = tokenOf(parser, options, credentials);
    if (!token) {
        report(token.error(), json);
        return CouldNotRun;
    }
    options.token = *token;
    std::unique_ptr<AuditFollower> follower;
    FixedTokenProvider auditTokens{AccessToken()};
    if (parser.isSet(u"deep"_s)) {
        AccessToken access;
        access.value = options.token;
        if (parser.isSet(u"audit-token-file"_s)) {
            Result<QByteArray> text = contentOf(parser.value(u"audit-token-file"_s));
            if (!text)
                return misuse(text.error(), json);
            access.value = Secret::take(text->trimmed());
            if (access.value.isEmpty())
                return misuse(invalid(u"%1 holds no token"_s.arg(parser.value(u"audit-token-file"_s))), json);
        }
        auditTokens.setToken(access);
        options.auditToken = access.value;
        options.auditPath = parser.value(u"audit-path"_s);
        follower = followerOf(parser, options, &auditTokens);
    }
    return runWith(options, *output, json);
}

} // namespace Watchword::Tool
