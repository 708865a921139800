// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/rowwindowmodel.h"
#include "monitor/store/queryterms.h"
#include "monitor/widgets/tablepane.h"

#include <functional>
#include <memory>
#include <vector>

namespace Monitor {

/*!
    Counts what each term of a filter matches alone, so that an empty view can say which term empties it.

    Each term gets a model of its own over the same table; they go when the filter changes or matches again.
*/
class TermProbe
{
public:
    using MakeModel = std::function<std::unique_ptr<RowWindowModel>()>;
    explicit TermProbe(MakeModel make);

    void setQuery(const QString &text); //!< Empty: nothing to count.
    void tick();
    QList<EmptyState::Term> terms() const;
    QString without(int term) const { return m_terms.without(term); } //!< The filter with this term taken out.

private:
    MakeModel m_make;
    QString m_text;
    QueryTerms m_terms;
    std::vector<std::unique_ptr<RowWindowModel>> m_models;
};

} // namespace Monitor
