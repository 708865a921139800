// SPDX-License-Identifier: Apache-2.0
#include "httpparser.h"

#include "fieldlist.h"

// Boost 1.74 asserts that the last chunk of a body does not come in pieces. It can: any peer decides how it is cut, and the
// code behind the assertion is right for it.
#define BOOST_DISABLE_ASSERTS

#include <utility> // Boost 1.74 forgets it

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <limits>

namespace Watchword::Wire {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

/*! Writes what a parser finds into a head. */
class HeadBuilder
{
public:
    explicit HeadBuilder(HttpHead &head, std::string text)
        : m_head(head)
    {
        m_head = {};
        m_head.m_text = std::move(text);
    }

    void request(std::string_view method, std::string_view target, int version)
    {
        m_head.m_method = partOf(method);
        m_head.m_target = partOf(target);
        m_head.m_minorVersion = version % 10;
    }
    void response(int status, std::string_view reason, int version)
    {
        m_head.m_status = status;
        m_head.m_reason = partOf(reason);
        m_head.m_minorVersion = version % 10;
    }
    void field(std::string_view name, std::string_view value)
    {
        m_head.m_fields.emplace_back(partOf(name), partOf(trimmed(value)));
    }

private:
    // The parser was given the text of the head, so what it tells lies there.
    HttpHead::Part partOf(std::string_view text) const
    {
        if (text.empty())
            return {};
        return {std::uint32_t(text.data() - m_head.m_text.data()), std::uint32_t(text.size())};
    }

    HttpHead &m_head;
};

namespace {

std::string_view viewOf(string_view text)
{
    return {text.data(), text.size()};
}

/*! Boost.Beast's parser with what it finds written to a head, and a body of limited size. */
template <bool isRequest>
class Parser final : public http::basic_parser<isRequest>
{
public:
    HeadBuilder *builder = nullptr; //!< Null: the head is known already.
    std::string body;
    std::size_t limit = 0;
    bool isCut = false;

private:
    void on_request_impl(http::verb, string_view method, string_view target, int version, error_code &) override
    {
        if (builder)
            builder->request(viewOf(method), viewOf(target), version);
    }
    void on_response_impl(int status, string_view reason, int version, error_code &) override
    {
        if (builder)
            builder->response(status, viewOf(reason), version);
    }
    void on_field_impl(http::field, string_view name, string_view value, error_code &) override
    {
        if (builder)
            builder->field(viewOf(name), viewOf(value));
    }
    // Boost 1.85 tells trailers apart; nobody here asks for them.
    virtual void on_trailer_field_impl(http::field, string_view, string_view, error_code &) { }
    void on_header_impl(error_code &) override { }
    void on_body_init_impl(const boost::optional<std::uint64_t> &, error_code &) override { }
    std::size_t on_body_impl(string_view text, error_code &) override { return keep(text); }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code &) override { }
    std::size_t on_chunk_body_impl(std::uint64_t, string_view text, error_code &) override { return keep(text); }
    void on_finish_impl(error_code &) override { }

    std::size_t keep(string_view text)
    {
        const std::size_t room = limit - std::min(limit, body.size());
        isCut = isCut || text.size() > room;
        body.append(text.data(), std::min(text.size(), room));
        return text.size();
    }
};

// Later Boosts tell two lengths from a bad one.
template <typename Known = http::error>
bool isFraming(const error_code &error)
{
    if constexpr (requires { Known::multiple_content_length; }) {
        if (error == Known::multiple_content_length)
            return true;
    }
    return error == Known::bad_content_length || error == Known::bad_transfer_encoding;
}

HeadFault faultOf(const error_code &error)
{
    if (!error)
        return HeadFault::None;
    if (error == http::error::bad_version)
        return HeadFault::Version;
    if (isFraming(error))
        return HeadFault::Framing;
    return HeadFault::Malformed;
}

template <bool isRequest>
void prepare(Parser<isRequest> &parser)
{
    parser.header_limit(std::uint32_t(1) << 30); // HeadReader has limits of its own
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
}

template <bool isRequest>
HeadFault parseWhole(std::string_view text, HeadBuilder &builder)
{
    Parser<isRequest> parser;
    prepare(parser);
    parser.skip(true);
    parser.builder = &builder;
    error_code error;
    parser.put(boost::asio::buffer(text.data(), text.size()), error);
    if (!error && !parser.is_header_done())
        return HeadFault::Malformed;
    return faultOf(error);
}

// The parser takes the same length twice, which RFC 9112 section 6.3 permits to refuse.
bool isFramingCertain(const HttpHead &head)
{
    const std::string_view length = head.value("Content-Length");
    return head.count("Content-Length") + head.count("Transfer-Encoding") <= 1
        && std::all_of(length.begin(), length.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

HeadFault parseHead(HeadKind kind, std::string text, HttpHead &head)
{
    HeadBuilder builder(head, std::move(text));
    HeadFault fault =
        kind == HeadKind::Request ? parseWhole<true>(head.text(), builder) : parseWhole<false>(head.text(), builder);
    if (fault == HeadFault::None && !isFramingCertain(head))
        fault = HeadFault::Framing;
    if (fault != HeadFault::None)
        head = {};
    return fault;
}

struct BodyReader::Private
{
    Parser<true> request;
    Parser<false> response;
    HeadKind kind;
    std::string pending; //!< Not taken by the parser yet: part of the line of a chunk.
    bool faulty = false;

    template <typename Function>
    auto with(Function function)
    {
        return kind == HeadKind::Request ? function(request) : function(response);
    }
    template <typename Function>
    auto with(Function function) const
    {
        return kind == HeadKind::Request ? function(request) : function(response);
    }
    std::size_t put(std::string_view text)
    {
        error_code error;
        const std::size_t taken =
            with([&](auto &parser) { return parser.put(boost::asio::buffer(text.data(), text.size()), error); });
        if (error && error != http::error::need_more)
            faulty = true;
        return taken;
    }
};

BodyReader::BodyReader(HeadKind kind, const HttpHead &head, std::size_t limit)
    : m(std::make_unique<Private>())
{
    m->kind = kind;
    m->with([&](auto &parser) {
        prepare(parser);
        parser.eager(true);
        parser.limit = limit;
        return 0;
    });
    m->put(head.text());
}

BodyReader::~BodyReader() = default;
BodyReader::BodyReader(BodyReader &&) noexcept = default;
BodyReader &BodyReader::operator=(BodyReader &&) noexcept = default;

std::size_t BodyReader::feed(Bytes bytes)
{
    // A line of a chunk is short; what is longer is no chunk.
    constexpr std::size_t longestLine = 4096;
    std::size_t consumed = 0;
    while (consumed < bytes.size() && !isComplete() && !m->faulty) {
        const std::size_t before = m->pending.size();
        const Bytes part = bytes.subspan(consumed, std::min(bytes.size() - consumed, longestLine));
        m->pending.append(textOf(part));
        std::size_t taken = m->put(m->pending);
        while (taken < m->pending.size() && !isComplete() && !m->faulty) {
            const std::size_t more = m->put(std::string_view(m->pending).substr(taken));
            if (more == 0)
                break;
            taken += more;
        }
        if (isComplete()) {
            consumed += taken > before ? taken - before : 0;
            m->pending.clear();
            break;
        }
        consumed += part.size();
        m->pending.erase(0, taken);
        m->faulty = m->faulty || m->pending.size() > longestLine;
    }
    return consumed;
}

void BodyReader::finish()
{
    if (isComplete())
        return;
    error_code error;
    m->with([&](auto &parser) {
        parser.put_eof(error);
        return 0;
    });
    m->faulty = m->faulty || bool(error);
}

bool BodyReader::isComplete() const
{
    return m->with([](const auto &parser) { return parser.is_done(); });
}

bool BodyReader::isFaulty() const
{
    return m->faulty;
}

bool BodyReader::isCut() const
{
    return m->with([](const auto &parser) { return parser.isCut; });
}

const std::string &BodyReader::body() const
{
    return m->kind == HeadKind::Request ? m->request.body : m->response.body;
}

} // namespace Watchword::Wire
