// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/wire/deflatenegotiation.h"
#include "watchword/wire/httphead.h"

namespace Watchword::Wire {

/*! What a client asks for. Names and values must not hold line ends; the caller checks what comes from outside. */
struct UpgradeRequest
{
    std::string target{}; //!< Path and query.
    std::string host{}; //!< With the port unless it is the scheme's.
    std::string origin{}; //!< Empty: none is sent.
    std::vector<std::string> subprotocols{};
    std::vector<std::pair<std::string, std::string>> fields{}; //!< Added as they are.
    std::optional<DeflateOptions> deflate{}; //!< Offered if set.
};

/*! What is wrong with a 101, or with what should have been an HTTP answer. */
enum class AnswerFault : std::uint8_t {
    None,
    Head, //!< headFault() says more.
    TooManyInterim, //!< 1xx without end.
    Ended, //!< The connection ended before the head did.
    Version, //!< A 101 in HTTP/1.0.
    Upgrade, //!< Not "Upgrade: websocket".
    Connection, //!< "upgrade" is not in the list.
    Accept, //!< Sec-WebSocket-Accept is missing, twice, or not the right one.
    Subprotocol, //!< One that was not offered, or several.
    Extension //!< One that was not offered, or with parameters that were not.
};
std::string_view describe(AnswerFault fault);

/*!
    The client's half of the opening handshake (RFC 6455 section 4.1): writes the request and reads the answer. Interim
    answers (1xx but 101) are passed over. Nothing is accepted that was not offered.

    States: Waiting -> Open | Refused | Failed. What follows the head of a 101 is not consumed: it belongs to the frames.
    A refusal goes on reading its body, of which the beginning is kept, until isAnswerComplete().
*/
class ClientHandshake
{
public:
    enum class State : std::uint8_t { Waiting, Open, Refused, Failed };

    //! \a nonce comes from a random generator for cryptography.
    ClientHandshake(UpgradeRequest request, const std::array<std::uint8_t, 16> &nonce, HeadLimits limits = {});

    //! The request with all its headers. \a secretFields are added and kept nowhere else; the caller wipes the text.
    std::string request(const std::vector<std::pair<std::string_view, std::string_view>> &secretFields = {}) const;

    std::size_t feed(Bytes bytes); //!< Returns how many bytes were consumed.
    void finish(); //!< The connection ended.

    State state() const { return m_state; }
    bool isAnswerComplete() const; //!< Refused, and the rest of the body is here or not wanted any more.
    bool hasBegun() const { return m_bytesRead > 0; } //!< Something came back.
    const HttpHead &answer() const { return m_reader.head(); } //!< Empty until there is one.
    std::string_view body() const; //!< Of a refusal, at most 2 KiB.
    AnswerFault fault() const { return m_fault; }
    HeadFault headFault() const { return m_reader.fault(); }
    std::string_view subprotocol() const { return answer().value("Sec-WebSocket-Protocol"); }
    const std::optional<DeflateParameters> &compression() const { return m_compression; }

private:
    void judgeHead();
    AnswerFault checkSwitch();

    static constexpr std::size_t kLargestBody = 2048;

    UpgradeRequest m_request;
    std::string m_key;
    HeadReader m_reader;
    std::optional<BodyReader> m_body;
    State m_state = State::Waiting;
    AnswerFault m_fault = AnswerFault::None;
    int m_interim = 0;
    bool m_ended = false;
    std::uint64_t m_bytesRead = 0;
    std::optional<DeflateParameters> m_compression;
};

} // namespace Watchword::Wire
