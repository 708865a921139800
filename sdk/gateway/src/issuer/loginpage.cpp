// SPDX-License-Identifier: Apache-2.0
#include "issuer/loginpage.h"

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

} // namespace

QByteArray loginPage(const LoginForm &form)
{
    QByteArray content = "<h1>Sign in</h1>\n<p>to continue to <strong>" + escaped(form.clientName)
        + "</strong></p>\n"
          "<form method=\"post\" action=\"/login\">\n"
          "<input type=\"hidden\" name=\"request\" value=\""
        + escaped(form.request)
        + "\">\n"
          "<input type=\"hidden\" name=\"csrf\" value=\""
        + escaped(form.csrf) + "\">\n";
    if (!form.problem.isEmpty())
        content += "<p class=\"bad\" id=\"problem\" role=\"alert\">" + escaped(form.problem) + "</p>\n";
    const QByteArray described = form.problem.isEmpty() ? "" : " aria-describedby=\"problem\" aria-invalid=\"true\"";
    const QByteArray nameFocus = form.username.isEmpty() ? " autofocus" : "";
    const QByteArray passwordFocus = form.username.isEmpty() ? "" : " autofocus";
    content += "<label for=\"username\">User name</label>\n"
               "<input id=\"username\" name=\"username\" value=\""
        + escaped(form.username)
        + "\" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"256\" required" + nameFocus
        + described
        + ">\n"
          "<label for=\"password\">Password</label>\n"
          "<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" "
          "maxlength=\"1024\" required"
        + passwordFocus + described
        + ">\n"
          "<button class=\"go\" name=\"action\" value=\"sign-in\">Sign in</button>\n"
          "<button class=\"no\" name=\"action\" value=\"cancel\" formnovalidate>Cancel</button>\n</form>\n";
    return page(u"Sign in"_s, content);
}

QByteArray messagePage(const QString &title, const QString &text)
{
    return page(title, "<h1>" + escaped(title) + "</h1>\n<p>" + escaped(text) + "</p>\n");
}

} // namespace Watchword::Gateway
