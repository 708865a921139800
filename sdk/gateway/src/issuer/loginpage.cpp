// SPDX-License-Identifier: Apache-2.0
#include "issuer/loginpage.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr char kStyle[] =
    ":root{color-scheme:light dark;--ink:#1a1f27;--paper:#f4f6f9;--card:#fff;--line:#8a94a3;--accent:#1d5fd1;"
    "--bad:#b3261e}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--paper:#12161c;--card:#1b212a;--line:#7d8897;"
    "--accent:#7fb0ff;--bad:#ff9b94}}"
    "*{box-sizing:border-box}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);"
    "font:16px/1.5 system-ui,sans-serif}"
    "main{width:min(24rem,100% - 2rem);background:var(--card);border:1px solid var(--line);border-radius:12px;"
    "padding:2rem}"
    "h1{font-size:1.35rem;margin:0 0 .25rem}p{margin:0 0 1rem}label{display:block;font-weight:600;margin:1rem 0 .25rem}"
    "input{width:100%;font:inherit;padding:.55rem .7rem;border:1px solid var(--line);border-radius:8px;"
    "background:var(--paper);color:inherit}"
    "button{font:inherit;font-weight:600;padding:.6rem 1.1rem;border-radius:8px;border:1px solid var(--accent);"
    "margin:1.5rem .5rem 0 0;cursor:pointer}"
    ".go{background:var(--accent);color:var(--card)}.no{background:transparent;color:var(--accent)}"
    ":focus-visible{outline:3px solid var(--accent);outline-offset:2px}"
    "h2{font-size:1.05rem;margin:0}ul{margin:0 0 1rem;padding-left:1.2rem}.small{font-size:.9rem}a{color:var(--accent)}"
    "section{border-top:1px solid var(--line);margin-top:1rem;padding-top:1rem}"
    ".bad{color:var(--bad);font-weight:600;margin:1rem 0 0}";

QByteArray escaped(const QString &text)
{
    return text.toHtmlEscaped().toUtf8();
}

QByteArray page(const QString &title, const QByteArray &content)
{
    return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
        + escaped(title) + "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n<main>\n" + content
        + "</main>\n</body>\n</html>\n";
}

// "90 days", "5 minutes"
QString inWords(std::chrono::seconds time)
{
    using namespace std::chrono;
    const auto said = [](qint64 count, const QString &unit) {
        return QString::number(count) + u' ' + unit + (count == 1 ? QString() : u"s"_s);
    };
    if (time >= hours(48))
        return said(qint64(time / hours(24)), u"day"_s);
    if (time >= hours(2))
        return said(qint64(time / hours(1)), u"hour"_s);
    return said(std::max<qint64>(qint64(time / minutes(1)), 1), u"minute"_s);
}

// What a scope means to people; those of applications have names of their own.
QString meaningOf(const QString &scope)
{
    if (scope == "openid"_L1)
        return u"know who you are"_s;
    if (scope == "profile"_L1)
        return u"know your name"_s;
    if (scope == "offline_access"_L1)
        return u"stay signed in while you are away"_s;
    return scope;
}

QByteArray rights(const QStringList &scopes)
{
    QByteArray list = "<ul>\n";
    for (const QString &scope : scopes)
        list += "<li>" + escaped(meaningOf(scope)) + "</li>\n";
    return list + "</ul>\n";
}

QByteArray fields(const QString &username, const QString &problem)
{
    QByteArray content;
    if (!problem.isEmpty())
        content += "<p class=\"bad\" id=\"problem\" role=\"alert\">" + escaped(problem) + "</p>\n";
    const QByteArray described = problem.isEmpty() ? "" : " aria-describedby=\"problem\" aria-invalid=\"true\"";
    const QByteArray nameFocus = username.isEmpty() ? " autofocus" : "";
    const QByteArray passwordFocus = username.isEmpty() ? "" : " autofocus";
    return content
        + "<label for=\"username\">User name</label>\n"
          "<input id=\"username\" name=\"username\" value=\""
        + escaped(username)
        + "\" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"256\" required" + nameFocus
        + described
        + ">\n"
          "<label for=\"password\">Password</label>\n"
          "<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" "
          "maxlength=\"1024\" required"
        + passwordFocus + described + ">\n";
}

QByteArray endForm(const QString &ticket, const QString &session, const QByteArray &button, const QByteArray &style)
{
    return "<form method=\"post\" action=\"/account/end\">\n<input type=\"hidden\" name=\"ticket\" value=\"" + escaped(ticket)
        + "\">\n<button class=\"" + style + "\" name=\"session\" value=\"" + escaped(session) + "\">" + button
        + "</button>\n</form>\n";
}

QByteArray day(const QDateTime &time)
{
    return time.toUTC().toString(u"yyyy-MM-dd hh:mm"_s).toLatin1() + " UTC";
}

} // namespace

QString signInProblem(bool isBraked)
{
    return isBraked ? u"There were too many wrong passwords. Wait a few minutes, then try again."_s
                    : u"The user name or the password is wrong."_s;
}

QByteArray loginPage(const LoginForm &form)
{
    QByteArray consent;
    if (!form.scopes.isEmpty())
        consent = "<p>The app may then, for up to " + escaped(inWords(form.lifetime)) + ":</p>\n" + rights(form.scopes)
            + "<p class=\"small\">You can end that before, at <a href=\"/account\">your account</a>.</p>\n";
    QByteArray content = "<h1>Sign in</h1>\n<p>to continue to <strong>" + escaped(form.clientName) + "</strong></p>\n" + consent
        + "<form method=\"post\" action=\"/login\">\n"
          "<input type=\"hidden\" name=\"request\" value=\""
        + escaped(form.request)
        + "\">\n"
          "<input type=\"hidden\" name=\"csrf\" value=\""
        + escaped(form.csrf) + "\">\n";
    content += fields(form.username, form.problem)
        + "<button class=\"go\" name=\"action\" value=\"sign-in\">Sign in</button>\n"
          "<button class=\"no\" name=\"action\" value=\"cancel\" formnovalidate>Cancel</button>\n</form>\n";
    return page(u"Sign in"_s, content);
}

QByteArray accountSignInPage(const AccountForm &form)
{
    return page(u"Your account"_s,
                "<h1>Your account</h1>\n<p>See which apps are signed in as you, and end it.</p>\n"
                "<form method=\"post\" action=\"/account\">\n"
                    + fields(form.username, form.problem) + "<button class=\"go\">Continue</button>\n</form>\n");
}

QByteArray accountPage(const QString &userName, const QString &ticket, const QList<AccountSession> &sessions, const QString &note)
{
    QByteArray content = "<h1>" + escaped(userName) + "</h1>\n";
    if (!note.isEmpty())
        content += "<p role=\"status\">" + escaped(note) + "</p>\n";
    content += sessions.isEmpty() ? "<p>No app is signed in as you.</p>\n" : "<p>These apps are signed in as you:</p>\n";
    for (const AccountSession &session : sessions) {
        content += "<section>\n<h2>" + escaped(session.clientName) + "</h2>\n<p class=\"small\">since " + day(session.since)
            + ", until " + day(session.until) + " at the latest. It may:</p>\n" + rights(session.scopes)
            + endForm(ticket, session.id, "Sign it out", "no") + "</section>\n";
    }
    if (sessions.size() > 1)
        content += endForm(ticket, u"all"_s, "Sign all of them out", "go");
    return page(u"Your account"_s, content);
}

QByteArray deviceCodePage(const QString &userCode, const QString &problem)
{
    QByteArray content = "<h1>Connect a device</h1>\n<p>Type the code that the device shows.</p>\n";
    if (!problem.isEmpty())
        content += "<p class=\"bad\" id=\"problem\" role=\"alert\">" + escaped(problem) + "</p>\n";
    return page(
        u"Connect a device"_s,
        content
            + "<form method=\"post\" action=\"/device\">\n<label for=\"user_code\">Code</label>\n"
              "<input id=\"user_code\" name=\"user_code\" value=\""
            + escaped(userCode)
            + "\" autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" maxlength=\"32\" required autofocus>\n"
              "<button class=\"go\">Continue</button>\n</form>\n");
}

QByteArray deviceConfirmPage(const LoginForm &form)
{
    return page(u"Connect a device"_s,
                "<h1>Connect a device</h1>\n<p>A device asks to be signed in as you, with <strong>" + escaped(form.clientName)
                    + "</strong>. Go on only if you hold it in your hands and it shows:</p>\n<p><strong>" + escaped(form.request)
                    + "</strong></p>\n<p>It may then, for up to " + escaped(inWords(form.lifetime)) + ":</p>\n"
                    + rights(form.scopes)
                    + "<form method=\"post\" action=\"/device/confirm\">\n<input type=\"hidden\" name=\"user_code\" value=\""
                    + escaped(form.request) + "\">\n<input type=\"hidden\" name=\"csrf\" value=\"" + escaped(form.csrf) + "\">\n"
                    + fields(form.username, form.problem)
                    + "<button class=\"go\" name=\"action\" value=\"allow\">Allow</button>\n"
                      "<button class=\"no\" name=\"action\" value=\"deny\" formnovalidate>Deny</button>\n</form>\n");
}

QByteArray messagePage(const QString &title, const QString &text)
{
    return page(title, "<h1>" + escaped(title) + "</h1>\n<p>" + escaped(text) + "</p>\n");
}

} // namespace Watchword::Gateway
