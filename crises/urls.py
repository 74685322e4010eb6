"""Addresses of pages about crises."""

from django.urls import path

from crises.views import (
    cell,
    contacts,
    coordination,
    crisis,
    dashboard,
    drafting,
    duplicates,
    editions,
    figures,
    framework,
    gaps,
    hq,
    log,
    plan,
    printed,
    regional,
    statements,
    tailoring,
)

urlpatterns = [
    path("", hq.home, name="home"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard.csv", dashboard.dashboard_csv, name="dashboard-csv"),
    path("gaps/", hq.gap_list, name="gap-list"),
    path("drafts/", log.draft_list, name="draft-list"),
    path("drafts/<uuid:key>/discard/", log.discard_draft, name="draft-discard"),
    # /duplicates/
    path("duplicates/", duplicates.duplicate_list, name="duplicate-list"),
    path("duplicates/<slug:reference>/<slug:other>/", duplicates.duplicate, name="duplicate"),
    # /crises/
    path("crises/", hq.crisis_list, name="crisis-list"),
    path("crises.csv", hq.crisis_list_csv, name="crisis-list-csv"),
    path("crises/new/", log.log_crisis, name="crisis-log"),
    # /crises/<reference>/
    path("crises/<slug:reference>/", crisis.crisis_page, name="crisis"),
    path("crises/<slug:reference>/edit/", log.edit_facts, name="crisis-edit"),
    path("crises/<slug:reference>/answer/", tailoring.answer, name="crisis-answer"),
    path("crises/<slug:reference>/gaps/", gaps.crisis_gaps, name="crisis-gaps"),
    path("crises/<slug:reference>/gaps.csv", gaps.crisis_gaps_csv, name="crisis-gaps-csv"),
    path("crises/<slug:reference>/phases/", crisis.phases, name="crisis-phases"),
    path("crises/<slug:reference>/close/", crisis.close, name="crisis-close"),
    path("crises/<slug:reference>/reopen/", crisis.reopen, name="crisis-reopen"),
    path("crises/<slug:reference>/sharing/", crisis.sharing, name="crisis-sharing"),
    path("crises/<slug:reference>/edition/", editions.edition, name="crisis-edition"),
    path("crises/<slug:reference>/level/", statements.level, name="crisis-level"),
    path("crises/<slug:reference>/figures/", figures.figure_list, name="figure-list"),
    path("crises/<slug:reference>/figures/new/", figures.add_figure, name="figure-add"),
    path(
        "crises/<slug:reference>/figures/<int:number>/withdraw/",
        figures.withdraw_figure,
        name="figure-withdraw",
    ),
    path("crises/<slug:reference>/part-of/", regional.part_of, name="crisis-part-of"),
    path("crises/<slug:reference>/parts/", regional.parts, name="crisis-parts"),
    path("crises/<slug:reference>/activities/new/", statements.add_activity, name="activity-add"),
    path(
        "crises/<slug:reference>/activities/<int:number>/withdraw/",
        statements.withdraw_activity,
        name="activity-withdraw",
    ),
    # /crises/<reference>/plan/
    path("crises/<slug:reference>/plan/", plan.plan_page, name="plan"),
    path("crises/<slug:reference>/plan.csv", plan.plan_csv, name="plan-csv"),
    path("crises/<slug:reference>/plan.pdf", printed.plan_pdf, name="plan-pdf"),
    path("crises/<slug:reference>/plan/confirm/", tailoring.confirm, name="plan-confirm"),
    path("crises/<slug:reference>/plan/<slug:sector>/<slug:phase>/priority/", tailoring.priority, name="priority"),
    path("crises/<slug:reference>/plan/<slug:sector>/<slug:phase>/", cell.cell_page, name="cell"),
    path("crises/<slug:reference>/plan/<slug:sector>/<slug:phase>/waive/", cell.waive, name="gap-waive"),
    # /crises/<reference>/coordination/
    path("crises/<slug:reference>/coordination/", coordination.sheet_page, name="coordination"),
    path("crises/<slug:reference>/coordination.csv", coordination.sheet_csv, name="coordination-csv"),
    path("contacts/new/", contacts.add, name="contact-add"),
    path("contacts/<uuid:uid>/", contacts.change, name="contact-change"),
    path("contacts/<uuid:uid>/remove/", contacts.remove, name="contact-remove"),
    # /matrix/editions/<framework>/<number>/: the next edition, as headquarters writes it
    path("matrix/editions/<slug:framework>/draft/", drafting.make, name="edition-draft"),
    path("matrix/editions/<slug:framework>/<int:number>/complementarities/", drafting.ties, name="edition-ties"),
    path("matrix/editions/<slug:framework>/<int:number>/note/", drafting.note, name="edition-note"),
    path("matrix/editions/<slug:framework>/<int:number>/discard/", drafting.discard, name="edition-discard"),
    path("matrix/editions/<slug:framework>/<int:number>/publish/", drafting.publish, name="edition-publish"),
    path("matrix/editions/<slug:framework>/<int:number>/links/<slug:sector>/", drafting.links, name="edition-links"),
    path(
        "matrix/editions/<slug:framework>/<int:number>/cells/<slug:sector>/<slug:phase>/",
        drafting.cell,
        name="edition-cell",
    ),
    # the framework's pages that also show the crises concerned
    path("sectors/<slug:slug>/", framework.sector, name="sector"),
    path("systems/<slug:slug>/", framework.system, name="system"),
    path("clusters/<slug:slug>/", framework.cluster, name="cluster"),
]
