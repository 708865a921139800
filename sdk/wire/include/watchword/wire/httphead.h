// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/wire/frame.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace Watchword::Wire {

enum class HeadKind : std::uint8_t { Request, Response };

/*! Why a head is refused. */
enum class HeadFault : std::uint8_t {
    None,
    FirstLineTooLong,
    LineTooLong,
    HeadTooLong,
    TooManyFields,
    LineEnd, //!< A line feed without a carriage return, or the other way round.
    ControlCharacter, //!< NUL and its like.
    FoldedLine, //!< RFC 9112 section 5.2: a line that begins with a blank.
    Malformed,
    Framing, //!< Content-Length or Transfer-Encoding wrong, twice, or both: where the message ends is not certain.
    Version //!< Not HTTP/1.0 or 1.1.
};

//! 400, 414, 431 or 505 for a request; 0 for None.
int statusOf(HeadFault fault);
//! One plain sentence without a full stop, in ASCII.
std::string_view describe(HeadFault fault);

struct HeadLimits
{
    std::size_t line = 16 * 1024; //!< Without its end.
    std::size_t head = 64 * 1024;
    std::size_t fields = 128;
};

/*! The head of an HTTP/1 message (RFC 9112), with its text. A value: copies share nothing. */
class HttpHead
{
public:
    struct Field
    {
        std::string_view name;
        std::string_view value; //!< Without blanks at its ends.
    };

    std::string_view method() const { return part(m_method); } //!< Empty in a response.
    std::string_view target() const { return part(m_target); } //!< As it was sent.
    int status() const { return m_status; } //!< 0 in a request.
    std::string_view reason() const { return part(m_reason); }
    int minorVersion() const { return m_minorVersion; } //!< 0 or 1.

    std::size_t fieldCount() const { return m_fields.size(); }
    Field field(std::size_t index) const { return {part(m_fields[index].first), part(m_fields[index].second)}; }

    //! Names are compared without regard to case. The first value; empty if there is none.
    std::string_view value(std::string_view name) const;
    std::size_t count(std::string_view name) const; //!< Lines with this name.
    std::vector<std::string_view> values(std::string_view name) const;
    //! True if \a token is in the comma-separated list, over all lines, without regard to case.
    bool listHas(std::string_view name, std::string_view token) const;

    std::string_view text() const { return m_text; } //!< All of it, for what parses the body.

private:
    friend class HeadBuilder;
    struct Part
    {
        std::uint32_t at = 0;
        std::uint32_t size = 0;
    };
    std::string_view part(Part part) const { return std::string_view(m_text).substr(part.at, part.size); }

    std::string m_text;
    Part m_method;
    Part m_target;
    Part m_reason;
    int m_status = 0;
    int m_minorVersion = 1;
    std::vector<std::pair<Part, Part>> m_fields;
};

/*!
    Collects the head of a message from a stream, within limits, and has it parsed by Boost.Beast. What a proxy and a server
    could read in two ways is refused (request smuggling).

    Life: one for a head; reset() for the next one on the same connection.
*/
class HeadReader
{
public:
    explicit HeadReader(HeadKind kind, HeadLimits limits = {});

    //! Returns how many bytes belong to the head. Ask isComplete() and fault() afterwards.
    std::size_t feed(Bytes bytes);
    bool isComplete() const { return m_complete; }
    HeadFault fault() const { return m_fault; }
    const HttpHead &head() const { return m_head; } //!< Empty until it is complete.
    std::size_t bytesHeld() const { return m_text.capacity(); }
    void reset();

private:
    bool takeCharacter(char c);
    bool endLine();

    HeadKind m_kind;
    HeadLimits m_limits;
    std::string m_text;
    std::size_t m_line = 0; //!< Characters of the present line, without its end.
    std::size_t m_lines = 0; //!< Complete ones.
    bool m_afterReturn = false;
    bool m_sawBlank = false; //!< In the first line.
    bool m_skippedLine = false; //!< An empty one before the first.
    bool m_complete = false;
    HeadFault m_fault = HeadFault::None;
    HttpHead m_head;
};

/*! Reads the body behind a head: by its length, in chunks, or up to the end of the connection. */
class BodyReader
{
public:
    //! \a limit bytes are kept; more is read over.
    BodyReader(HeadKind kind, const HttpHead &head, std::size_t limit);
    ~BodyReader();
    BodyReader(BodyReader &&) noexcept;
    BodyReader &operator=(BodyReader &&) noexcept;

    std::size_t feed(Bytes bytes); //!< Returns how many bytes belong to the body.
    void finish(); //!< The connection ended.
    bool isComplete() const;
    bool isFaulty() const; //!< Its chunks cannot be read, or it ended too early.
    bool isCut() const; //!< There was more than the limit.
    const std::string &body() const;

private:
    struct Private;
    std::unique_ptr<Private> m;
};

} // namespace Watchword::Wire
