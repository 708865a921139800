// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractButton>
#include <QList>
#include <QString>

#include <array>
#include <optional>

class QVBoxLayout;

namespace Monitor {

class Workspace;

enum class PageId { Overview, Connections, Tokens, Audit, Alerts, Posture };
inline constexpr std::array allPages{PageId::Overview, PageId::Connections, PageId::Tokens,
                                     PageId::Audit,    PageId::Alerts,      PageId::Posture};
QString pageName(PageId page); //!< As options, settings and links write it: "connections".
std::optional<PageId> pageNamed(const QString &name);

/*! One entry of the navigation: icon, label, count; as a rail only the icon. */
class NavigationItem : public QAbstractButton
{
    Q_OBJECT

public:
    NavigationItem(const QString &icon, const QString &label, QWidget *parent = nullptr);

    void setCount(const QString &count);
    void setRail(bool rail);
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_icon;
    QString m_count;
    bool m_rail = false;
};

/*! A node in the navigation: its state as a glyph, its name, its open connections. */
class NodeItem : public QAbstractButton
{
    Q_OBJECT

public:
    explicit NodeItem(const QString &node, QWidget *parent = nullptr);

    void setFacts(qsizetype open, qsizetype failing, bool stale);
    QString node() const { return m_node; }
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_node;
    qsizetype m_open = 0;
    qsizetype m_failing = 0;
    bool m_stale = false;
};

/*! A saved filter in the navigation: its name, and the page that it belongs to. */
class SavedFilterItem : public QAbstractButton
{
    Q_OBJECT

public:
    SavedFilterItem(const QString &page, const QString &name, const QString &text, QWidget *parent = nullptr);

    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    const QString m_page; //!< Translated.
};

/*! "Completeness": which part of the audit was received and verified here. */
class CompletenessBlock : public QWidget
{
    Q_OBJECT

public:
    CompletenessBlock(Workspace &workspace, QWidget *parent = nullptr);
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    bool event(QEvent *event) override;

private:
    Workspace &m_workspace;
};

/*!
    The pages at the left, 184 wide, or a rail of 48 in narrow windows; under them the saved filters and the nodes, at
    the foot the completeness.
*/
class Navigation : public QWidget
{
    Q_OBJECT

public:
    Navigation(Workspace &workspace, QWidget *parent = nullptr);

    void setCurrent(PageId page);
    void setRail(bool rail);
    bool isRail() const { return m_rail; }
    void refresh(); //!< Counts and nodes.
    void setGrade(const QString &grade); //!< Of the page Posture; empty without a run.

Q_SIGNALS:
    void pageRequested(Monitor::PageId page);
    void nodeRequested(const QString &node);
    void filterRequested(const QString &page, const QString &text); //!< A saved one; the page as pageName() has it.

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void addPage(PageId page, const QString &icon, const QString &label, int shortcut);
    void refreshNodes();
    void refreshFilters();

    Workspace &m_workspace;
    QList<NavigationItem *> m_pages;
    QWidget *m_filters;
    QVBoxLayout *m_filterRows;
    QList<SavedFilterItem *> m_filterItems;
    QWidget *m_nodes;
    QVBoxLayout *m_nodeRows;
    QList<NodeItem *> m_nodeItems;
    CompletenessBlock *m_completeness;
    bool m_rail = false;
};

} // namespace Monitor
