// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/completion.h"
#include "monitor/store/interner.h"
#include "monitor/store/tokentable.h"

#include <memory>
#include <vector>

namespace Monitor {

/*! The filter language over sessions. */
class LaneQuery
{
public:
    explicit LaneQuery(const TokenTable &table)
        : m_table(table)
    {
    }

    std::vector<quint32> matching(const std::shared_ptr<const QueryNode> &root, qint64 now);
    ValueCounts values(const Field &field, const QString &prefix, qint64 now) const;

private:
    const TokenTable &m_table;
    std::unique_ptr<Interner> m_strings;
};

} // namespace Monitor
