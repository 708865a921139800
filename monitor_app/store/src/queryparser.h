// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/query.h"

#include <QCoreApplication>

namespace Monitor {

struct Query
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::Query)
};

//! Value of a literal for a field; an empty error text is success.
struct ParsedValue
{
    QueryNode::Value value;
    QString error;
    QString fix;
};
ParsedValue parseValue(const Field &field, const QString &text, qint64 now);
bool parseDuration(QStringView text, qint64 &milliseconds);
//! first to last of a network as 128-bit numbers (IPv4 mapped); false if it is neither address nor network.
struct Network
{
    std::array<quint8, 16> bytes{};
    int prefix = 128;
};
bool parseNetwork(QStringView text, Network &network);
bool isInNetwork(QByteArrayView address, const Network &network);

/*! One pass over a text. What could have followed at the end of it is in expectation(). */
class QueryParser
{
public:
    enum class Expect { Term, TermOrLogic, Operator, Value, ListValue };
    struct Expectation
    {
        Expect what = Expect::Term;
        const Field *field = nullptr;
        bool range = false; //!< After "between" or "within".
    };

    QueryParser(const QString &text, const QueryContext &context, int depth = 0);
    ParsedQuery parse();
    const Expectation &expectation() const { return m_expected; }

private:
    using NodePtr = std::unique_ptr<QueryNode>;
    using Op = QueryNode::Op;

    NodePtr parseOr();
    NodePtr parseAnd();
    NodePtr parseNot();
    NodePtr parseTerm();
    NodePtr parseGroup();
    NodePtr parseWordTerm();
    NodePtr parseBareText(int position, const QString &word, bool isQuoted);
    NodePtr parseTest(const Field &field, const QString &name, int position);
    const Field *fieldNamed(const QString &name) const;
    NodePtr parseOperand(NodePtr node);
    NodePtr parseList(NodePtr node);
    NodePtr parseWithin(NodePtr node);
    NodePtr refuseEmpty(const QueryNode &node, int position);
    bool addValue(QueryNode &node, const QString &text, int position, int length, bool isQuoted);
    bool addRegex(QueryNode &node, const QString &pattern, bool caseInsensitive, int position, int length);
    NodePtr savedQuery(int position);
    NodePtr fail(int position, int length, const QString &message, const QString &suggestion = {});

    NodePtr placed(NodePtr node, int start) const; //!< From \a start to what was read last.
    void skipSpace();
    bool atEnd() const { return m_at >= m_text.size(); }
    QChar peek(int ahead = 0) const;
    bool operatorAhead() const;
    bool takeOperator(Op &op);
    bool keywordAhead(QLatin1String word) const;
    bool takeKeyword(QLatin1String word);
    bool readQuoted(QString &out);
    bool readRegex(QString &out, bool &caseInsensitive);
    QString readWord(bool inValue);
    void mark(QueryToken::Kind kind, int position);
    void expect(Expect what, const Field *field = nullptr, bool range = false);

    const QString m_text;
    const QueryContext &m_context;
    const int m_depth;
    int m_nesting = 0;
    int m_at = 0;
    ParsedQuery m_result;
    Expectation m_expected;
};

} // namespace Monitor
