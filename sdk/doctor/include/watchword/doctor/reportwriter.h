// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/report.h"

#include <optional>

namespace Watchword {

enum class ReportFormat {
    Text, //!< For a terminal.
    Json, //!< Report::toJson()
    Sarif, //!< SARIF 2.1.0, for code scanning pages.
    JUnit, //!< JUnit XML, for pages of test results.
    Markdown,
    Html //!< One page without any other file.
};
//! By the names "text", "json", "sarif", "junit", "markdown" and "html".
WATCHWORD_DOCTOR_EXPORT std::optional<ReportFormat> reportFormatOf(const QString &name);

/*! How a report is written. Width, colour and listsSkipped are for ReportFormat::Text. */
struct ReportStyle
{
    int width = 80; //!< Columns; at least 40.
    bool colour = false; //!< ANSI colours.
    std::optional<Report> baseline; //!< What it does not have is marked as new.
    //! The folder under which the guide (sdk/docs) is served, with a slash at its end, as in
    //! "https://docs.example.com/watchword/": reports link to its pages. Empty: they name the command that prints the page.
    QUrl guide;
    bool listsSkipped = true; //!< Why checks were not made, and which.
};

//! UTF-8 with a line end at its end.
WATCHWORD_DOCTOR_EXPORT QByteArray writeReport(const Report &report, ReportFormat format, const ReportStyle &style = {});
//! A line for a check that has ended, or several where the width asks for it, without the last line end: for progress on a
//! terminal.
WATCHWORD_DOCTOR_EXPORT QByteArray writeLine(const Finding &finding, const ReportStyle &style = {});

} // namespace Watchword
