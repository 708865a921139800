// SPDX-License-Identifier: Apache-2.0
#include "provider/answer.h"
#include "provider/tokenresponse.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

Q_DECLARE_METATYPE(Watchword::ErrorCode)
Q_DECLARE_METATYPE(Watchword::AnswerTo)
Q_DECLARE_METATYPE(Watchword::TokenAnswerClass)

/* What the answers of a token endpoint mean. */
class TestTokenAnswers : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void tokenAnswers_data();
    void tokenAnswers();
    void refusalsByWhatWasAsked_data();
    void refusalsByWhatWasAsked();
    void tokenGrantDetails();
    void lifetimes_data();
    void lifetimes();
    void receivedTokenIsNeverLost_data();
    void receivedTokenIsNeverLost();
    void membersInOtherForms();
};

void TestTokenAnswers::tokenAnswers_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<TokenAnswerClass>("meaning");
    QTest::addColumn<ErrorCode>("code");
    QTest::addColumn<bool>("maybeSpent");
    using M = TokenAnswerClass;
    const auto error = [](const char *name) { return QByteArray("{\"error\":\"") + name + "\"}"; };
    QTest::newRow("invalid_grant") << 400 << error("invalid_grant") << M::FinalUser << ErrorCode::InvalidGrant << false;
    QTest::newRow("login_required") << 400 << error("login_required") << M::FinalUser << ErrorCode::InteractionRequired << false;
    QTest::newRow("invalid_client") << 401 << error("invalid_client") << M::FinalConfiguration << ErrorCode::InvalidClient
                                    << false;
    QTest::newRow("invalid_scope") << 400 << error("invalid_scope") << M::FinalConfiguration << ErrorCode::InvalidScope << false;
    QTest::newRow("unknown error") << 400 << error("whatever") << M::FinalConfiguration << ErrorCode::InvalidRequest << false;
    QTest::newRow("temporarily") << 400 << error("temporarily_unavailable") << M::Busy << ErrorCode::TemporarilyUnavailable
                                 << false;
    QTest::newRow("503 with invalid_grant") << 503 << error("invalid_grant") << M::Busy << ErrorCode::TemporarilyUnavailable
                                            << false;
    QTest::newRow("429") << 429 << QByteArray() << M::Busy << ErrorCode::TemporarilyUnavailable << false;
    QTest::newRow("500") << 500 << QByteArray() << M::Busy << ErrorCode::TemporarilyUnavailable << true;
    QTest::newRow("504") << 504 << QByteArray("<html>") << M::Busy << ErrorCode::TemporarilyUnavailable << true;
    QTest::newRow("portal 200") << 200 << QByteArray("<html>hotel</html>") << M::Garbage << ErrorCode::CaptivePortal << true;
    QTest::newRow("portal 302") << 302 << QByteArray() << M::Garbage << ErrorCode::CaptivePortal << true;
    QTest::newRow("proxy 403 html") << 403 << QByteArray("<html>denied</html>") << M::Garbage << ErrorCode::CaptivePortal << true;
    QTest::newRow("200 without token") << 200 << QByteArray("{}") << M::Garbage << ErrorCode::InvalidResponse << true;
    QTest::newRow("200 mac token") << 200 << QByteArray(R"({"access_token":"a","token_type":"mac"})") << M::Unusable
                                   << ErrorCode::InvalidResponse << true;
    QTest::newRow("200 token with newline") << 200 << QByteArray(R"({"access_token":"a\nb","token_type":"Bearer"})")
                                            << M::Unusable << ErrorCode::InvalidResponse << true;
    QTest::newRow("200 token without type") << 200 << QByteArray(R"({"access_token":"a"})") << M::Unusable
                                            << ErrorCode::InvalidResponse << true;
    // An error counts with any status that is no failure of the server.
    QTest::newRow("200 invalid_grant") << 200 << error("invalid_grant") << M::FinalUser << ErrorCode::InvalidGrant << false;
    QTest::newRow("201 invalid_client") << 201 << error("invalid_client") << M::FinalConfiguration << ErrorCode::InvalidClient
                                        << false;
    QTest::newRow("303 invalid_grant") << 303 << error("invalid_grant") << M::FinalUser << ErrorCode::InvalidGrant << false;
    QTest::newRow("500 invalid_grant") << 500 << error("invalid_grant") << M::Busy << ErrorCode::TemporarilyUnavailable << true;
    QTest::newRow("error after a mark") << 400 << "\xef\xbb\xbf" + error("invalid_grant") << M::FinalUser
                                        << ErrorCode::InvalidGrant << false;
    QTest::newRow("error twice") << 400 << QByteArray(R"({"error":"invalid_client","error":"invalid_grant"})") << M::FinalUser
                                 << ErrorCode::InvalidGrant << false;
    // Who says nothing and sends no page is the provider.
    QTest::newRow("400 empty") << 400 << QByteArray() << M::FinalUser << ErrorCode::InvalidGrant << false;
    QTest::newRow("400 text") << 400 << QByteArray("invalid token") << M::FinalUser << ErrorCode::InvalidGrant << false;
    QTest::newRow("401 other JSON") << 401 << QByteArray(R"({"message":"no"})") << M::FinalUser << ErrorCode::InvalidGrant
                                    << false;
    QTest::newRow("400 error as list") << 400 << QByteArray(R"({"error":["invalid_grant"]})") << M::FinalUser
                                       << ErrorCode::InvalidGrant << false;
    QTest::newRow("400 NUL") << 400 << QByteArray("{\"error\":\"x\0\"}", 13) << M::FinalUser << ErrorCode::InvalidGrant << false;
    QTest::newRow("400 page") << 400 << QByteArray(" \r\n<!doctype html>") << M::Garbage << ErrorCode::CaptivePortal << true;
    QTest::newRow("403 text") << 403 << QByteArray("no") << M::Busy << ErrorCode::HttpStatus << true;
    QTest::newRow("404 empty") << 404 << QByteArray() << M::Busy << ErrorCode::HttpStatus << true;
    QTest::newRow("408") << 408 << QByteArray() << M::Busy << ErrorCode::TemporarilyUnavailable << false;
    QTest::newRow("200 text") << 200 << QByteArray("fine") << M::Garbage << ErrorCode::InvalidResponse << true;
    QTest::newRow("204") << 204 << QByteArray() << M::Garbage << ErrorCode::InvalidResponse << true;
}

void TestTokenAnswers::tokenAnswers()
{
    QFETCH(int, status);
    QFETCH(QByteArray, body);
    QFETCH(TokenAnswerClass, meaning);
    QFETCH(ErrorCode, code);
    QFETCH(bool, maybeSpent);
    HttpOutcome outcome;
    outcome.mayHaveBeenSent = true;
    outcome.status = status;
    outcome.body = body;
    outcome.retryAfter = 24h;
    const TokenAnswer answer = classifyTokenAnswer(outcome, AnswerTo::Code);
    QCOMPARE(answer.meaning, meaning);
    QCOMPARE(answer.error.code(), code);
    QCOMPARE(answer.maybeSpent, maybeSpent);
    if (meaning == TokenAnswerClass::Busy)
        QCOMPARE(answer.error.retryAfter().value(), Duration(1h)); // capped
    QVERIFY(answer.grant.accessToken.isEmpty());
}

void TestTokenAnswers::refusalsByWhatWasAsked_data()
{
    QTest::addColumn<AnswerTo>("asked");
    QTest::addColumn<TokenAnswerClass>("meaning");
    QTest::addColumn<ErrorCode>("code");
    using M = TokenAnswerClass;
    QTest::newRow("request") << AnswerTo::Request << M::FinalConfiguration << ErrorCode::InvalidRequest;
    QTest::newRow("code") << AnswerTo::Code << M::FinalUser << ErrorCode::InvalidGrant;
    QTest::newRow("device code") << AnswerTo::DeviceCode << M::Busy << ErrorCode::HttpStatus;
    QTest::newRow("refresh") << AnswerTo::Refresh << M::FinalUser << ErrorCode::InvalidGrant;
}

void TestTokenAnswers::refusalsByWhatWasAsked()
{
    QFETCH(AnswerTo, asked);
    HttpOutcome outcome;
    outcome.status = 400;
    outcome.contentType = "text/html"; // without a page
    const TokenAnswer answer = classifyTokenAnswer(outcome, asked);
    QTEST(answer.meaning, "meaning");
    QTEST(answer.error.code(), "code");
    QCOMPARE(answer.error.httpStatus(), 400);
    // Somebody who explains is understood whatever was asked.
    outcome.body = R"({"error":"invalid_client","error_description":"who\r\nare\u001b[31m you"})";
    QCOMPARE(classifyTokenAnswer(outcome, asked).error.code(), ErrorCode::InvalidClient);
    QCOMPARE(classifyTokenAnswer(outcome, asked).error.detail(), u"invalid_client: who  are [31m you"_s);
}

void TestTokenAnswers::tokenGrantDetails()
{
    const auto grant =
        parseTokenGrant(R"({"access_token":"a.b","token_type":"bEARER","expires_in":"60","scope":"a  b","refresh_token":"r"})");
    QVERIFY(grant);
    QCOMPARE(grant->expiresIn.value(), 60s);
    QCOMPARE(grant->scopes.value(), QStringList({u"a"_s, u"b"_s}));
    for (const char *bad : {"null", "-1", "0", "\"x\"", "1e999", "[]"}) {
        const QByteArray body = QByteArray(R"({"access_token":"a","token_type":"Bearer","expires_in":)") + bad + '}';
        const auto parsed = parseTokenGrant(body);
        if (parsed) // a number that is no number of JSON may also make the whole answer unreadable
            QVERIFY2(!parsed->expiresIn || parsed->expiresIn->count() > 0, bad);
    }
    const auto longest = parseTokenGrant(R"({"access_token":"a","token_type":"Bearer","expires_in":1e18})");
    QVERIFY(longest && longest->expiresIn.value() < std::chrono::hours(24 * 366 * 11));

    HttpOutcome lost;
    lost.failure = Error(ErrorCode::ConnectionLost);
    QCOMPARE(classifyTokenAnswer(lost).meaning, TokenAnswerClass::NotSent);
    lost.mayHaveBeenSent = true;
    QCOMPARE(classifyTokenAnswer(lost).meaning, TokenAnswerClass::Ambiguous);
}

void TestTokenAnswers::lifetimes_data()
{
    QTest::addColumn<QByteArray>("said");
    QTest::addColumn<int>("seconds"); // 0: not said
    QTest::addColumn<bool>("odd");
    QTest::newRow("300") << QByteArray("300") << 300 << false;
    QTest::newRow("text") << QByteArray("\"300\"") << 300 << false;
    QTest::newRow("fraction") << QByteArray("1.9") << 1 << false;
    QTest::newRow("below one") << QByteArray("0.4") << 1 << false;
    QTest::newRow("zero") << QByteArray("0") << 1 << false;
    QTest::newRow("negative") << QByteArray("-1") << 1 << false;
    QTest::newRow("negative text") << QByteArray("\"-3600\"") << 1 << false;
    QTest::newRow("huge") << QByteArray("9223372036854775807") << 24 * 366 * 10 * 3600 << false;
    QTest::newRow("null") << QByteArray("null") << 0 << false;
    QTest::newRow("empty") << QByteArray("\"\"") << 0 << false;
    QTest::newRow("word") << QByteArray("\"soon\"") << 0 << true;
    QTest::newRow("infinite") << QByteArray("\"inf\"") << 0 << true;
    QTest::newRow("nan") << QByteArray("\"nan\"") << 0 << true;
    QTest::newRow("list") << QByteArray("[300]") << 0 << true;
    QTest::newRow("flag") << QByteArray("true") << 0 << true;
}

void TestTokenAnswers::lifetimes()
{
    QFETCH(QByteArray, said);
    QFETCH(bool, odd);
    const auto grant = parseTokenGrant(R"({"access_token":"a","token_type":"Bearer","expires_in":)" + said + '}');
    QVERIFY(grant);
    QTEST(int(grant->expiresIn.value_or(0s).count()), "seconds");
    QCOMPARE(!grant->oddities.isEmpty(), odd);
}

void TestTokenAnswers::receivedTokenIsNeverLost_data()
{
    QTest::addColumn<QByteArray>("rest");
    QTest::addColumn<bool>("usable");
    QTest::addColumn<QString>("why");
    QTest::newRow("lifetime") << QByteArray(R"("access_token":"a","token_type":"Bearer","expires_in":{})") << true << QString();
    QTest::newRow("scope") << QByteArray(R"("access_token":"a","token_type":"Bearer","scope":7)") << true << QString();
    QTest::newRow("ID token") << QByteArray(R"("access_token":"a","token_type":"Bearer","id_token":null)") << true << QString();
    QTest::newRow("no type") << QByteArray(R"("access_token":"a")") << true << QString();
    QTest::newRow("empty type") << QByteArray(R"("access_token":"a","token_type":"")") << true << QString();
    QTest::newRow("other type") << QByteArray(R"("access_token":"a","token_type":"mac")") << false << u"mac"_s;
    QTest::newRow("type as list") << QByteArray(R"("access_token":"a","token_type":["Bearer"])") << false << u"token_type"_s;
    QTest::newRow("no access token") << QByteArray(R"("token_type":"Bearer")") << false << u"no access_token"_s;
    QTest::newRow("beside an error") << QByteArray(R"("error":"server_error")") << false << u"no access_token"_s;
    QTest::newRow("NUL") << QByteArray(R"("access_token":"a\u0000","token_type":"Bearer")") << false << u"no header"_s;
    QTest::newRow("access token as list") << QByteArray(R"("access_token":["a"],"token_type":"Bearer")") << false
                                          << u"no access_token"_s;
}

void TestTokenAnswers::receivedTokenIsNeverLost()
{
    QFETCH(QByteArray, rest);
    QFETCH(bool, usable);
    QFETCH(QString, why);
    HttpOutcome outcome;
    outcome.status = 200;
    outcome.body = R"({"refresh_token":"r2",)" + rest + '}';
    const TokenAnswer answer = classifyTokenAnswer(outcome, AnswerTo::Refresh);
    QCOMPARE(answer.meaning, usable ? TokenAnswerClass::Success : TokenAnswerClass::Unusable);
    QVERIFY(answer.grant.refreshToken.equals(Secret::copy("r2")));
    QVERIFY(answer.grant.accessToken.isEmpty() != usable);
    QVERIFY2(answer.error.detail().contains(why), qPrintable(answer.error.detail()));
    // Nothing to keep: null and empty are no refresh token.
    for (const QByteArray &none : {QByteArray("null"), QByteArray("\"\""), QByteArray("[\"r2\"]"), QByteArray("1")}) {
        outcome.body = "{\"refresh_token\":" + none + ',' + rest + '}';
        QVERIFY(classifyTokenAnswer(outcome, AnswerTo::Refresh).grant.refreshToken.isEmpty());
    }
}

void TestTokenAnswers::membersInOtherForms()
{
    const auto grant = [](const QByteArray &scope) {
        return parseTokenGrant(R"({"access_token":"a","token_type":"Bearer","scope":)" + scope + '}');
    };
    QCOMPARE(grant(R"(["a","b"])")->scopes.value(), QStringList({u"a"_s, u"b"_s}));
    QCOMPARE(grant("\"\"")->scopes.value(), QStringList());
    QVERIFY(!grant("null")->scopes && grant("null")->oddities.isEmpty());
    QVERIFY(!grant("[1]")->scopes && !grant("[1]")->oddities.isEmpty());
    QVERIFY(flagOf(true) && flagOf(u"true"_s));
    QVERIFY(!flagOf(false) && !flagOf(u"false"_s) && !flagOf(1) && !flagOf(QJsonValue()));
    HttpOutcome outcome;
    for (const QByteArray &page : {QByteArray("<html>"), QByteArray("\xef\xbb\xbf <?xml?>"), QByteArray("\n\n<p>")}) {
        outcome.body = page;
        QVERIFY(isPage(outcome));
    }
    for (const QByteArray &none : {QByteArray(), QByteArray("{}"), QByteArray("[]"), QByteArray("no")}) {
        outcome.contentType = "text/plain";
        outcome.body = none;
        QVERIFY(!isPage(outcome));
    }
    outcome.contentType = "text/html";
    QVERIFY(isPage(outcome));
    outcome.body = " {\"error\":\"x\"}";
    QVERIFY(!isPage(outcome));
}

WATCHWORD_TEST_MAIN(TestTokenAnswers)
#include "tst_tokenanswers.moc"
